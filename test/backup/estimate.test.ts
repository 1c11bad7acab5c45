import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storageAt } from '../../src/archive/storages.js';
import { watchSpace } from '../../src/backup/check-free-space.js';
import { estimateArchive } from '../../src/backup/estimate.js';
import { runBackup } from '../../src/backup/run-backup.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, backupRequest, clockFrom } from '../helpers/nights.js';
import { newKeyPair } from '../helpers/sealing.js';
import { expectDone } from '../helpers/tools.js';

const MIB = 1024 ** 2;
const TOO_MUCH = Number.MAX_SAFE_INTEGER;

const WHOLE = {
  archive: 'F20260101T010000Z.zip',
  fileCount: 100,
  sourceBytes: 100 * MIB,
  storedBytes: 40 * MIB,
  durationMs: 10_000,
};

const DIFFERENTIAL = {
  ...WHOLE,
  archive: 'I20260102T010000Z.zip',
  sourceBytes: 10 * MIB,
  storedBytes: 6 * MIB,
  durationMs: 4000,
};

let dir: string;
let server: Installation;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-estimate-'));
  server = buildInstallation(join(dir, 'server'));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

test('size and time are those of the last archive of the kind', () => {
  const amount = { sourceBytes: 50 * MIB, copiedBytes: 0 };
  const examples = { whole: WHOLE, differential: DIFFERENTIAL };

  expect(estimateArchive('full', amount, examples)).toMatchObject({
    storedBytes: 20 * MIB,
    durationMs: 5000,
    like: WHOLE.archive,
  });

  expect(
    estimateArchive(
      'differential',
      { ...amount, sourceBytes: 20 * MIB },
      examples,
    ),
  ).toMatchObject({
    storedBytes: 12 * MIB,
    durationMs: 4000,
    like: DIFFERENTIAL.archive,
  });
});

test('a first archive takes the usual share, and what is copied takes what it takes', () => {
  const none = { whole: undefined, differential: undefined };
  const amount = { sourceBytes: 100 * MIB, copiedBytes: 7 };

  expect(estimateArchive('full', amount, none)).toEqual({
    sourceBytes: 100 * MIB,
    storedBytes: 75 * MIB + 7,
    durationMs: undefined,
    like: undefined,
  });
});

test('with less than is to stay free nothing is written, by a dry run either', async () => {
  const at = '2026-01-01T01:00:00Z';
  const refusal = { code: 'NO_SPACE', exitCode: 14 };

  await expect(
    backUpAt(server, 'full', at, { minFreeBytes: TOO_MUCH }),
  ).rejects.toMatchObject(refusal);

  expect(readdirSync(server.backupDir)).toEqual([]);

  const words = ['backup', 'full', '--server-dir', server.serverDir];
  const tight = await kmsInProcess([
    ...words,
    '--dry-run',
    '--min-free',
    String(TOO_MUCH),
  ]);

  expect(tight.status).toBe(14);
  expect(tight.stderr).toContain('are to stay free');
});

test('the soft limit of the server holds where store and backups share a disk', async () => {
  const request = backupRequest(server, 'full', clockFrom('2026-01-01'));
  const settings = { ...request.settings, storeSoftLimitBytes: TOO_MUCH };
  const own = { ...request, settings, minFreeBytes: undefined };

  await expect(runBackup(own)).rejects.toMatchObject({ code: 'NO_SPACE' });
  await runBackup({ ...own, minFreeBytes: 0 });
});

/** Another file system than that of the store, where one is there. */
const OTHER_DISK = '/dev/shm';
const hasOtherDisk =
  existsSync(OTHER_DISK) && statSync(OTHER_DISK).dev !== statSync(tmpdir()).dev;

test.skipIf(!hasOtherDisk)(
  'it holds for the disk that sealed archives are written on first, before and while they are',
  async () => {
    const away = mkdtempSync(join(OTHER_DISK, 'kms-estimate-'));
    const { recipient } = await newKeyPair();

    try {
      const request = backupRequest(server, 'full', clockFrom('2026-01-01'));
      const own = {
        ...request,
        settings: { ...request.settings, storeSoftLimitBytes: TOO_MUCH },
        storage: storageAt({
          directory: away,
          stateDirectory: join(dir, 'own'),
          recipients: [recipient],
        }),
        minFreeBytes: undefined,
      };

      await expect(runBackup(own)).rejects.toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringContaining(join(dir, 'own')) as string,
      });
      expect(() => {
        watchSpace(own)?.look();
      }).toThrow(`are left in ${join(dir, 'own', 'spool')}`);
      const { settings } = request;
      expect(
        watchSpace({
          ...own,
          settings: { ...settings, storeSoftLimitBytes: 0 },
        }),
      ).toBe(undefined);
    } finally {
      rmSync(away, { recursive: true });
    }
  },
);

/** The room is there when it is asked for first. */
function takeSpaceLater(request: object): void {
  let isFirst = true;

  Object.defineProperty(request, 'minFreeBytes', {
    get: () => {
      const bytes = isFirst ? 0 : TOO_MUCH;
      isFirst = false;

      return bytes;
    },
  });
}

test('space that others take while a volume is written ends the run, with nothing left', async () => {
  writeFileSync(join(server.storeDir, 'mail/large'), randomBytes(12 * MIB));
  const request = backupRequest(server, 'full', clockFrom('2026-01-01'));
  takeSpaceLater(request);

  await expect(runBackup(request)).rejects.toMatchObject({
    code: 'NO_SPACE',
    exitCode: 14,
    message: expect.stringContaining('are left in') as string,
  });

  expect(readdirSync(server.backupDir)).toEqual([]);
});

test('space that others take during the run ends it between two volumes, with nothing left', async () => {
  for (let at = 0; at < 8; at++) {
    const path = join(server.storeDir, `mail/file-${String(at)}`);
    writeFileSync(path, randomBytes(30_000));
  }

  const request = {
    ...backupRequest(server, 'full', clockFrom('2026-01-01')),
    volumeLimitBytes: 65_536,
  };

  takeSpaceLater(request);

  await expect(runBackup(request)).rejects.toMatchObject({
    code: 'NO_SPACE',
    message: expect.stringContaining('are left in') as string,
  });

  expect(readdirSync(server.backupDir)).toEqual([]);
});

test('a dry run says size, time and space, and with --verbose every name', async () => {
  const words = ['backup', 'full', '--server-dir', server.serverDir];
  expectDone(await kmsInProcess(words));
  const ended = await kmsInProcess([...words, '--dry-run', '--verbose']);

  expectDone(ended);
  expect(ended.stdout).toMatch(
    /Estimate +[\d.]+ \w+ to pack, about [\d.]+ \w+ stored \(.*\), in about \d+:\d\d/,
  );
  expect(ended.stdout).toMatch(/Space +.* free now, about .* afterwards/);
  expect(ended.stderr).toContain('would pack mailserver.cfg');
});
