import { randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import { verifyArchive } from '../../src/archive/verify.js';
import {
  type MirrorEnd,
  mirrorArchives,
} from '../../src/jobs/mirror-archives.js';
import { openServer } from '../../src/jobs/server.js';
import { bucketOf } from '../helpers/bucket-host.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { rulesOf } from '../helpers/retention.js';
import { MANNERS } from '../helpers/real-s3.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import type { S3ServerOptions } from '../helpers/s3-server.js';

const FULL = 'F20260101T010000Z.zip';
const DIFFERENTIAL = 'I20260102T010000Z.zip';

let dir: string;
let server: Installation;
let s3: S3Apart;

async function start(options: S3ServerOptions = {}): Promise<void> {
  s3 = await startS3Apart(options);
  Object.assign(process.env, s3.env);
}

/** The bucket, as a new run finds it. */
const bucket = (): Storage => bucketOf(s3, join(dir, 'host'));

const replicate = (
  storage = bucket(),
  last?: number,
  signal?: AbortSignal,
): Promise<MirrorEnd> =>
  mirrorArchives({
    source: storageAt(server.backupDir),
    mirror: {
      storage,
      retention: last === undefined ? undefined : rulesOf({ last }),
      isUsual: true,
    },
    server: openServer({ 'server-dir': server.serverDir }),
    isNewTarget: false,
    keepsDifferentials: false,
    rotates: true,
    isDryRun: false,
    lockWaitMs: 0,
    clock: clockFrom('2026-02-01T01:00:00Z'),
    signal,
  });

const actionsOf = ({ report }: MirrorEnd): string[] =>
  report.archives.map(({ archive, action }) => `${action} ${archive}`);

const bytesSent = async (): Promise<number> => {
  const requests = await s3.requests();

  return requests.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-replicate-'));
  server = buildInstallation(join(dir, 'server'));
});

afterEach(async () => {
  await s3.close();
  rmSync(dir, { recursive: true });
});

describe('archives are copied into a bucket', () => {
  it.each(MANNERS)(
    'once, proven there and rotated there, by a server of %s manners; at home they stay',
    async (manner) => {
      await start({ manner });
      await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
      await backUpAt(server, 'differential', '2026-01-02T01:00:00Z');
      const before = readdirSync(server.backupDir);
      expect(actionsOf(await replicate())).toEqual([
        `copied ${FULL}`,
        `copied ${DIFFERENTIAL}`,
      ]);
      expect(readdirSync(server.backupDir)).toEqual(
        expect.arrayContaining(before),
      );

      const states = await inspectStorage(bucket());
      for (const { facts, isRecoverable, verifiedAt } of states) {
        expect(isRecoverable && verifiedAt !== undefined).toBe(true);
        const report = await verifyArchive(facts.files, {});
        expect(report).toMatchObject({ isSound: true });
      }

      await s3.forget();
      expect(actionsOf(await replicate())).toEqual([
        `there ${FULL}`,
        `there ${DIFFERENTIAL}`,
      ]);
      expect(await bytesSent()).toBe(0);

      await backUpAt(server, 'full', '2026-01-03T01:00:00Z');
      const { rotation } = await replicate(bucket(), 1);
      expect(rotation?.failures).toBe(0);
      const stems = (await s3.keys()).map((key) => key.slice(5, 22));
      expect([...new Set(stems)]).toEqual(['F20260103T010000Z']);
      expect(await s3.uploads()).toEqual([]);
    },
  );

  it('and what was sent before a run failed is not sent again', async () => {
    await start();
    const large = join(server.storeDir, 'mail/example.com/alice/big.dat');
    writeFileSync(large, randomBytes(50 << 20));
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
      volumeLimitBytes: 60 << 20,
    });
    const does = { status: 403, code: 'AccessDenied' };
    await s3.faults([{ method: 'GET', query: 'uploadId', times: 99, does }]);

    await expect(replicate()).rejects.toThrow('AccessDenied');
    expect((await s3.uploads()).length).toBeGreaterThan(0);
    expect(await s3.keys()).toEqual([]);

    await s3.faults([]);
    await s3.forget();
    expect(actionsOf(await replicate())).toEqual([`copied ${FULL}`]);
    expect(await bytesSent()).toBeLessThan(1 << 20);
    expect(await s3.uploads()).toEqual([]);
    const object = await s3.object(`mail/${FULL}`);
    expect(
      object &&
        Buffer.from(object.bytes).equals(
          readFileSync(join(server.backupDir, FULL)),
        ),
    ).toBe(true);
    expect(readdirSync(join(dir, 'host'))).toEqual([
      '.kms-backup-verified.json',
      'spool',
    ]);
    expect(readdirSync(join(dir, 'host', 'spool'))).toEqual([]);
  });

  it('and whatever request fails, the next run completes it', async () => {
    await start();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    for (let at = 1; ; at++) {
      await s3.forget();
      await s3.faults([
        { at, times: 99, does: { status: 403, code: 'AccessDenied' } },
      ]);
      await replicate().catch(() => undefined);
      const isOver = (await s3.requests()).length < at;
      await s3.faults([]);
      if (isOver) break;

      const { report } = await replicate();
      expect(report.archives).toMatchObject([
        {
          archive: FULL,
          action: expect.stringMatching(/copied|there/) as string,
        },
      ]);
      expect(await s3.uploads()).toEqual([]);
      for (const key of await s3.keys()) await s3.remove(key);
      rmSync(join(dir, 'host'), { recursive: true });
    }
  });

  it('and a damaged volume is not sent', async () => {
    await start();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const path = join(server.backupDir, FULL);
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(400) ^ 1, 400);
    writeFileSync(path, bytes);

    const { report } = await replicate();
    expect(report.archives).toMatchObject([
      { action: 'left', code: 'DAMAGED_ARCHIVE' },
    ]);
    expect(await s3.keys()).toEqual([]);
    expect(await bytesSent()).toBe(0);
  });

  it('and a server that is away ends the run', async () => {
    await start();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    await s3.faults([{ times: 9999, does: 'reset' }]);

    await expect(replicate()).rejects.toThrow('cannot list');
  });
});
