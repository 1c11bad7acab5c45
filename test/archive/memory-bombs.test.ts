import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildInstallation, type Installation } from '../helpers/installation.js';
import { type Measured, measureKms } from '../helpers/peak-memory.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

/** Small files that would take gigabytes of memory: each is refused at a limit. */

const LARGEST_MEBIBYTES = 400;

const root = temporaryDirectory('memory');
afterAll(() => {
  removeTemporary(root);
});

function expectRefused(ended: Measured, status: number, code: string): void {
  const said = ended.stderr + ended.stdout;
  expect(ended.status, said).toBe(status);
  expect(said).toContain(`Code: ${code}`);
  expect(ended.peakMebibytes).toBeLessThan(LARGEST_MEBIBYTES);
}

describe('a file of settings of 500 MB', () => {
  let server: Installation;
  const makeLarge = (name: string): void => {
    truncateSync(join(server.serverDir, name), 500 << 20);
  };

  beforeAll(() => {
    server = buildInstallation(join(root, 'settings'));
  });

  it('in the place of kms-backup.ini is wrong configuration', () => {
    writeFileSync(join(server.serverDir, 'kms-backup.ini'), '');
    makeLarge('kms-backup.ini');
    const ended = measureKms(root, ['config', 'show', '--server-dir', server.serverDir]);
    writeFileSync(join(server.serverDir, 'kms-backup.ini'), '');
    expectRefused(ended, 2, 'CONFIGURATION');
    expect(ended.stderr).toContain('kms-backup.ini has 524288000 bytes (500.0 MiB)');
  });

  it.each([['backup', 'full'], ['status'], ['config', 'set', 'keep=3']])(
    'in the place of mailserver.cfg is wrong configuration for %s %s',
    (...command) => {
      makeLarge('mailserver.cfg');
      const ended = measureKms(root, [...command, '--server-dir', server.serverDir]);
      expectRefused(ended, 2, 'CONFIGURATION');
      expect(ended.stderr).toContain(
        'mailserver.cfg has 524288000 bytes (500.0 MiB); a file of settings is read up to 64.0 MiB',
      );
    },
  );
});
