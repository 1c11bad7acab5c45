import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeFolderName,
  encodeFolderName,
} from '../../src/store/folder-name.js';
import { parseStorePath } from '../../src/store/store-path.js';

describe('a folder name', () => {
  it.each([
    ['Entw&APw-rfe', 'Entwürfe'],
    ['&AMQ-rzte &- Co', 'Ärzte & Co'],
    ['&ZeVnLIqe-', '日本語'],
    ['&2D3eAA-', '😀'],
    ['INBOX', 'INBOX'],
  ])('%s on disk is %s for people', (disk, people) => {
    expect(decodeFolderName(disk)).toBe(people);
    expect(encodeFolderName(people)).toBe(disk);
  });

  it.each(['a&b', '&!-', '&AMQ', '&A-', '&2D0-', '&AC8-', '&AAA-'])(
    '%s is shown as it is: no valid encoding',
    (name) => {
      expect(decodeFolderName(name)).toBe(name);
    },
  );

  it('comes back from its encoding, which is printable ASCII', () => {
    const names = fc
      .string({ unit: 'grapheme' })
      .filter((name) => !/[\p{Cc}/\\]/u.test(name));
    fc.assert(
      fc.property(names, (name) => {
        expect(encodeFolderName(name)).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeFolderName(encodeFolderName(name))).toBe(name);
      }),
    );
  });
});

describe('a path of the store', () => {
  it.each([
    [
      'mail/example.com/alice/INBOX/Sub/#msgs/0000000a.eml',
      'example.com',
      'alice',
      'INBOX/Sub',
      true,
    ],
    [
      'mail/example.com/alice/Gel&APY-scht/index.fld',
      'example.com',
      'alice',
      'Gelöscht',
      false,
    ],
    ['mail/example.com/alice/INBOX/', 'example.com', 'alice', 'INBOX', false],
    ['mail/example.com/alice/', 'example.com', 'alice', '', false],
    ['mail/example.com/', 'example.com', undefined, '', false],
    [
      'mail/example.com/#public/News/#msgs/00000001.eml',
      'example.com',
      undefined,
      'News',
      true,
    ],
    ['mail/#public/News/status.fld', undefined, undefined, 'News', false],
    [
      'mail/example.com/alice/INBOX/#msgs/notes.txt',
      'example.com',
      'alice',
      'INBOX',
      false,
    ],
    [
      'mail/example.com/alice/INBOX/#msgs/Re Hello.EML',
      'example.com',
      'alice',
      'INBOX',
      true,
    ],
    ['mail/example.com/alice/0000000f.eml', 'example.com', 'alice', '', true],
    ['mail/example.com/0000000f.eml', 'example.com', undefined, '', true],
    ['mail/0000000f.eml', undefined, undefined, '', true],
    [
      'mail/example.com/alice/INBOX/#assoc/00000001.eml',
      'example.com',
      'alice',
      'INBOX',
      false,
    ],
  ])('%s is understood', (...[path, domain, user, folder, isMessage]) => {
    expect(parseStorePath(path)).toMatchObject({
      domain,
      user,
      folder,
      isMessage,
    });
  });

  it('outside mail/ stands for no mailbox', () => {
    expect(parseStorePath('lists/example.com/x')).toBeUndefined();
    expect(parseStorePath('mail')).toBeUndefined();
  });
});
