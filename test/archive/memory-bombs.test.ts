import {
  appendFileSync,
  mkdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEntries } from '../../src/archive/zip/central-directory.js';
import { countLevels } from '../../src/archive/zip/directory-runs.js';
import { localStorage } from '../../src/archive/local-storage.js';
import { VolumeFile } from '../../src/archive/write/volume-file.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { type Measured, measureKms } from '../helpers/peak-memory.js';
import { archiveWith } from '../helpers/hostile-archives.js';
import { buildZip, type EntrySpec } from '../helpers/zip-builder.js';
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
    const ended = measureKms(root, [
      'config',
      'show',
      '--server-dir',
      server.serverDir,
    ]);
    writeFileSync(join(server.serverDir, 'kms-backup.ini'), '');
    expectRefused(ended, 2, 'CONFIGURATION');
    expect(ended.stderr).toContain(
      'kms-backup.ini has 524288000 bytes (500.0 MiB)',
    );
  });

  it('in the place of mailserver.cfg is named by status', () => {
    makeLarge('mailserver.cfg');
    const ended = measureKms(root, [
      'status',
      '--server-dir',
      server.serverDir,
    ]);
    expect(ended.status).toBe(2);
    expect(ended.stdout).toContain(
      'mailserver.cfg has 524288000 bytes (500.0 MiB); a file of settings is read up to 64.0 MiB',
    );
  });

  it.each([
    ['backup', 'full'],
    ['config', 'set', 'keep=3'],
  ])(
    'in the place of mailserver.cfg is wrong configuration for %s %s',
    (...command) => {
      makeLarge('mailserver.cfg');
      const ended = measureKms(root, [
        ...command,
        '--server-dir',
        server.serverDir,
      ]);
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
    const ended = measureKms(root, [
      'recover',
      archive,
      '--server-dir',
      place,
      '--listing',
    ]);
    expectRefused(ended, 4, 'DAMAGED_ARCHIVE');
    expect(ended.stderr).toContain(
      'its central directory claims 2100000000 bytes (2.0 GiB); at most 128.0 MiB are read',
    );
  });

  it('is told by list-archives', () => {
    const ended = measureKms(root, ['list-archives', place]);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stdout).toContain(
      'its central directory claims 2100000000 bytes',
    );
    expect(ended.peakMebibytes).toBeLessThan(LARGEST_MEBIBYTES);
  });

  it('no more than a writer would lay', () => {
    const volume = new VolumeFile(
      localStorage(root),
      'volume.zip.part',
      2 ** 31 - 1,
    );
    const half = Buffer.alloc(64 << 20);
    volume.addCentral(half, 1);
    expect(volume.hasRoomFor(0, half.length, 1)).toBe(true);
    expect(volume.hasRoomFor(0, half.length + 1, 1)).toBe(false);
    volume.abandon();
  });

  /** Nothing but a first header and an end record. */
  function writeSparse(path: string, directoryBytes: number): void {
    const zip = buildZip(
      [{ name: '.version.txt', content: 'version  = 1\n' }],
      {
        end: { centralSize: directoryBytes },
      },
    );
    const end = zip.subarray(-22);
    const directoryAt = end.readUInt32LE(16);
    writeFileSync(path, zip.subarray(0, -22));
    truncateSync(path, directoryAt + directoryBytes);
    appendFileSync(path, end);
  }
});

describe('a list of 130 million deleted names', () => {
  let place = '';
  let other = '';
  const listing = (archive: string): string[] => [
    'recover',
    archive,
    '--server-dir',
    root,
    '--listing',
  ];

  beforeAll(() => {
    [place, other] = [join(root, 'deleted'), join(root, 'deleted-fewer')];
    for (const [directory, mebibytes] of [
      [place, 254],
      [other, 1],
    ] as const) {
      mkdirSync(directory);
      writeFileSync(join(directory, 'F20261101T010000Z.zip'), archiveWith([]));
      writeFileSync(
        join(directory, 'I20261102T010000Z.zip'),
        archiveWith([deletedList(mebibytes)]),
      );
    }
  });

  it('is more than its full can need, before it is inflated', () => {
    const ended = measureKms(
      root,
      listing(join(place, 'I20261102T010000Z.zip')),
    );
    expectRefused(ended, 4, 'DAMAGED_ARCHIVE');
    expect(ended.stderr).toMatch(
      /I20261102T010000Z\.zip: \.deleted\.txt claims 266338304 bytes; the names of its full F20261101T010000Z\.zip need \d+ bytes in 3 lines/,
    );
  });

  it('is told by verify', () => {
    const ended = measureKms(root, [
      'verify',
      join(place, 'I20261102T010000Z.zip'),
      '--server-dir',
      place,
    ]);
    expect(ended.status, ended.stderr + ended.stdout).toBe(4);
    expect(ended.stdout + ended.stderr).toMatch(
      /I20261102T010000Z\.zip: \.deleted\.txt has more than 4000000 lines/,
    );
    expect(ended.peakMebibytes).toBeLessThan(LARGEST_MEBIBYTES);
  });

  it('is read up to four million where its full is not at hand', () => {
    const ended = measureKms(root, ['list-archives', place]);
    expect(ended.status, ended.stderr + ended.stdout).toBe(0);
    expect(ended.stdout).toContain('.deleted.txt has more than 4000000 lines');
    expect(ended.peakMebibytes).toBeLessThan(LARGEST_MEBIBYTES);
  });

  it('is refused also where its bytes would fit and its lines do not', () => {
    const ended = measureKms(
      root,
      listing(join(other, 'I20261102T010000Z.zip')),
    );
    expectRefused(ended, 4, 'DAMAGED_ARCHIVE');
    expect(ended.stderr).toContain('.deleted.txt has more than 10003 lines');
  });

  /** A MiB of lines over and over, flushed every 4 KiB: deflated less than 1,032 to 1. */
  function deletedList(mebibytes: number): EntrySpec {
    const lines = Buffer.from('a\n'.repeat(2048));
    const page = deflateRawSync(lines, { finishFlush: constants.Z_FULL_FLUSH });
    const pages = mebibytes * 256;
    const raw = Buffer.concat([
      ...Array.from({ length: pages }, () => page),
      Buffer.from([3, 0]),
    ]);
    const mebibyte = Buffer.alloc(1 << 20, lines);
    let crc = 0;
    for (let done = 0; done < mebibytes; done++) crc = crc32(mebibyte, crc);

    return { name: '.deleted.txt', raw, crc, size: mebibytes << 20 };
  }
});

describe('twenty million directories in the names of twelve thousand entries', () => {
  let archive = '';

  beforeAll(() => {
    mkdirSync(join(root, 'deep'));
    archive = join(root, 'deep', 'F20261101T010000Z.zip');
    const names = Array.from(
      { length: 12_000 },
      (_, at) => `@backup/store/mail/${at}/${'a/'.repeat(1730)}x`,
    );
    writeFileSync(
      archive,
      archiveWith(names.map((name) => ({ name, content: '' }))),
    );
  });

  it.each([['verify'], ['recover']])(
    'are damage for %s, told with their number',
    (command) => {
      const more = command === 'recover' ? ['--listing'] : [];
      const ended = measureKms(root, [
        command,
        archive,
        '--server-dir',
        root,
        ...more,
      ]);
      const said = ended.stdout + ended.stderr;
      expect(ended.status, said).toBe(4);
      expect(said).toMatch(
        /run through 20\d{6} directories; at most 2000000 are read/,
      );
      expect(ended.peakMebibytes).toBeLessThan(LARGEST_MEBIBYTES);
    },
  );
});

describe('counting the directories of names', () => {
  const levelsOf = async (names: readonly string[]): Promise<number> => {
    const bytes = buildZip(names.map((name) => ({ name, content: '' })));
    writeFileSync(join(root, 'levels.zip'), bytes);
    const source = await localStorage(root).openForRanges('levels.zip');
    const { table } = await readEntries(source);
    source.close();
    return countLevels(table);
  };

  it('counts those that a name does not share with the one before', async () => {
    expect(await levelsOf(['x'])).toBe(0);
    expect(
      await levelsOf(['a/x', 'a/y', 'a/b/x', 'a/b/y', 'a/c/x', 'a/z']),
    ).toBe(3);
    expect(await levelsOf(['a/b/c/x', 'a/bc/c/x', 'a/bc/x'])).toBe(5);
  });
});
