import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VolumeFile } from '../../src/archive/volume-file.js';
import { buildInstallation, type Installation } from '../helpers/installation.js';
import { type Measured, measureKms } from '../helpers/peak-memory.js';
import { buildZip } from '../helpers/zip-builder.js';
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

describe('a central directory of 2.1 GB that a sparse file claims', () => {
  let place = '';
  let archive = '';

  beforeAll(() => {
    place = join(root, 'sparse');
    mkdirSync(place);
    archive = join(place, 'F20261101T010000Z.zip');
    writeSparse(archive, 2_100_000_000);
  });

  it('is damage for the command that needs it', () => {
    const ended = measureKms(root, ['recover', archive, '--server-dir', place, '--listing']);
    expectRefused(ended, 4, 'DAMAGED_ARCHIVE');
    expect(ended.stderr).toContain(
      'its central directory claims 2100000000 bytes (2.0 GiB); at most 128.0 MiB are read',
    );
  });

  it('is told by list-archives', () => {
    const ended = measureKms(root, ['list-archives', place]);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stdout).toContain('its central directory claims 2100000000 bytes');
    expect(ended.peakMebibytes).toBeLessThan(LARGEST_MEBIBYTES);
  });

  it('no more than a writer would lay', () => {
    const volume = new VolumeFile(join(root, 'volume.zip.part'), 2 ** 31 - 1);
    const half = Buffer.alloc(64 << 20);
    volume.addCentral(half, 1);
    expect(volume.hasRoomFor(0, half.length, 1)).toBe(true);
    expect(volume.hasRoomFor(0, half.length + 1, 1)).toBe(false);
    volume.abandon();
  });

  /** Nothing but a first header and an end record. */
  function writeSparse(path: string, directoryBytes: number): void {
    const zip = buildZip([{ name: '.version.txt', content: 'version  = 1\n' }], {
      end: { centralSize: directoryBytes },
    });
    const end = zip.subarray(-22);
    const directoryAt = end.readUInt32LE(16);
    writeFileSync(path, zip.subarray(0, -22));
    truncateSync(path, directoryAt + directoryBytes);
    appendFileSync(path, end);
  }
});
