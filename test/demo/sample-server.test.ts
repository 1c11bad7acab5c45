import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeMail } from '../../src/demo/change-mail.js';
import {
  comparePictures,
  pictureOf,
} from '../../src/demo/compare-directories.js';
import {
  buildSampleServer,
  type SampleServer,
} from '../../src/demo/sample-server.js';
import {
  compareTrees,
  listTree,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';

describe('the sample mail server', () => {
  let dir = '';
  let server: SampleServer;
  beforeAll(() => {
    dir = temporaryDirectory('sample');
    server = buildSampleServer(join(dir, 'one'));
  });
  afterAll(() => {
    removeTemporary(dir);
  });

  it('is the same each time it is built, in bytes, names and times of its mail', () => {
    const again = buildSampleServer(join(dir, 'two'));
    expect(
      compareTrees(server.storeDir, again.storeDir, { directoryTimes: false }),
    ).toEqual([]);
  });

  it('holds what its description says', () => {
    const messages = listTree(server.storeDir).filter((path) =>
      path.endsWith('.eml'),
    );
    expect(messages).toHaveLength(server.messages);
    expect(server.messages).toBeGreaterThan(300);
    expect(listTree(join(server.storeDir, 'mail/example.com/alice'))).toContain(
      'Gesendete Objekte/&AMQ-rzte/#msgs/',
    );
    expect(messages).toContain(
      'mail/#public/Server notices/#msgs/00000001.eml',
    );
  });

  it("has configuration files of the server's own shape", () => {
    const config = readFileSync(
      join(server.serverDir, 'mailserver.cfg'),
      'utf8',
    );
    expect(
      config.startsWith(
        '<config>\r\n<table name="Directories">\r\n  <variable name="StoreDir">',
      ),
    ).toBe(true);
    expect(config.endsWith('</table>\r\n\r\n</config>\r\n')).toBe(true);
    expect(config.replaceAll('\r\n', '')).not.toContain('\n');
    expect(config).toContain('<table name="Backup">');
    expect(config).toContain('<table name="StoreBackup">');
    expect(readFileSync(join(server.serverDir, 'users.cfg'), 'utf8')).toContain(
      '<variable name="Account_enabled">0</variable>',
    );
  });

  it('compares two pictures by content, time and name', () => {
    const all = (): boolean => true;
    const before = pictureOf(server.storeDir, all);
    expect(comparePictures(before, pictureOf(server.storeDir, all))).toEqual(
      [],
    );
    const { added, deleted } = changeMail(server.storeDir);
    const differences = comparePictures(
      before,
      pictureOf(server.storeDir, all),
    );
    expect(
      differences.filter((line) =>
        line.startsWith('unexpected: mail/example.com/alice/INBOX'),
      ),
    ).toHaveLength(added);
    expect(
      differences.filter((line) =>
        line.startsWith('missing: mail/example.com/bob'),
      ),
    ).toHaveLength(deleted);
  });
});
