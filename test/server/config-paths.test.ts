import { describe, expect, it } from 'vitest';
import { isForeign, stepsBelow } from '../../src/server/config-paths.js';

describe('a path of mailserver.cfg', () => {
  it.each([
    ['C:\\Program Files\\Kerio\\MailServer\\store\\', 'linux', true],
    ['D:/kerio/store', 'linux', true],
    ['\\\\server\\backup', 'darwin', true],
    ['store\\backup', 'linux', true],
    ['/opt/kerio/mailserver/store/', 'linux', false],
    ['store/backup', 'linux', false],
    ['/opt/kerio/mailserver/store/', 'win32', true],
    ['C:\\kerio\\store', 'win32', false],
    ['//server/backup', 'win32', false],
    ['store\\backup', 'win32', false],
    ['store/backup', 'win32', false],
  ] as const)('%s on %s is of another platform: %s', (path, platform, is) => {
    expect(isForeign(path, platform)).toBe(is);
  });

  it.each([
    ['/data/store/archive/', '/data/store/', ['archive']],
    ['/data/store', '/data/store/', []],
    ['/data/store/a/b', '/data/./store', ['a', 'b']],
    ['/data/store2/archive', '/data/store', undefined],
    ['/data/store/../archive', '/data/store', undefined],
    ['C:\\Kerio\\Store\\archive\\', 'c:\\kerio\\store', ['archive']],
    ['C:/Kerio/store/x', 'C:\\Kerio\\store\\', ['x']],
    ['D:\\archive', 'C:\\Kerio\\store', undefined],
    ['\\\\nas\\kms\\store\\logs', '\\\\nas\\kms\\store', ['logs']],
    ['/data/store/archive', 'C:\\data\\store', undefined],
  ])('%s lies below %s by %j', (path, directory, steps) => {
    expect(stepsBelow(path, directory)).toEqual(steps);
  });
});
