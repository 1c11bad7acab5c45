import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import type { Storage } from '../../src/archive/storage.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import { runRotate } from '../../src/rotate/run-rotate.js';
import { bucketOf } from '../helpers/bucket-host.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { MANNERS, REAL_S3 } from '../helpers/real-s3.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import type { S3ServerOptions } from '../helpers/s3-server.js';

let dir: string;
let server: Installation;
let s3: S3Apart;

const host = (name = 'host'): string => join(dir, name);

async function start(options: S3ServerOptions = {}): Promise<Storage> {
  s3 = await startS3Apart(options);
  Object.assign(process.env, s3.env);

  return bucketOf(s3, host());
}

const rotate = (storage: Storage, keep: number) =>
  runRotate({
    storage,
    policy: limitPolicy(keep, false),
    isDryRun: false,
    lockWaitMs: 0,
    clock: clockFrom('2026-02-01T01:00:00Z'),
  });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-bucket-'));
  server = buildInstallation(dir);
});

afterEach(async () => {
  await s3.close();
  rmSync(dir, { recursive: true });
});

describe('backups into a bucket', () => {
  it.each(MANNERS)(
    'are sent, sealed, recorded, rotated and verified as on a disk, by a server of %s manners',
    async (manner) => {
      const storage = await start({ manner });
      await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
      await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', {
        storage,
      });
      const { rotation } = await backUpAt(
        server,
        'copy',
        '2026-01-03T01:00:00Z',
        { storage },
      );
      expect(rotation?.failures).toBe(0);
      const { rotation: last } = await backUpAt(
        server,
        'full',
        '2026-01-04T01:00:00Z',
        { storage, keep: 1 },
      );
      expect(last?.verdicts.map(({ action }) => action)).toEqual([
        'remove',
        'remove',
        'remove',
        'keep',
      ]);

      expect(await s3.keys()).toEqual([
        'mail/F20260104T010000Z.index.zip',
        'mail/F20260104T010000Z.seal.json',
        'mail/F20260104T010000Z.zip',
      ]);
      expect(await s3.uploads()).toEqual([]);
      const states = await inspectStorage(storage);
      expect(
        states.map(({ facts, isRecoverable, verifiedAt }) => [
          facts.files.stem,
          isRecoverable,
          verifiedAt !== undefined,
        ]),
      ).toEqual([['F20260104T010000Z', true, true]]);
      for (const { facts } of states) {
        expect(await verifyArchive(facts.files, {})).toMatchObject({
          isSound: true,
        });
      }

      expect(readdirSync(host())).toEqual([
        '.kms-backup-verified.json',
        'spool',
      ]);
      expect(readdirSync(join(host(), 'spool'))).toEqual([]);
    },
  );

  it('send a volume in parts, large files with them, and seal its checksums', async () => {
    const storage = await start();
    const large = join(server.storeDir, 'mail/example.com/alice/big.dat');
    writeFileSync(large, randomBytes(41 << 20));
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
      storage,
      volumeLimitBytes: 60 << 20,
    });

    const sealed = await s3.object('mail/F20260101T010000Z.seal.json');
    const volume = await s3.object('mail/F20260101T010000Z.zip');
    const bytes = volume?.bytes ?? Buffer.alloc(0);
    expect(JSON.parse(String(Buffer.from(sealed?.bytes ?? [])))).toMatchObject({
      schema: 'kms-backup/seal/1',
      stem: 'F20260101T010000Z',
      type: 'full',
      isReadBack: true,
      volumes: [
        {
          key: 'F20260101T010000Z.zip',
          sizeBytes: bytes.length,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          partBytes: 16 << 20,
          areMd5: true,
        },
      ],
    });
    expect(volume?.etag).toMatch(/-3$/);
    const parts = (await s3.requests()).filter(
      ({ method, key, query }) =>
        method === 'PUT' && 'partNumber' in query && key.endsWith('Z.zip'),
    );
    const inOrder = parts.sort(
      (a, b) => Number(a.query['partNumber']) - Number(b.query['partNumber']),
    );
    expect(inOrder.map(({ bodyBytes }) => bodyBytes)).toEqual([
      16 << 20,
      16 << 20,
      bytes.length - (32 << 20),
    ]);
  });
});

describe('two machines that back up to one bucket', () => {
  it.each(MANNERS)(
    'at one second: one publishes, the other one says so and leaves nothing, at a server of %s manners',
    async (manner) => {
      await start({ manner });
      const other = join(dir, 'other');
      mkdirSync(other);
      const servers = { a: server, b: buildInstallation(other) };
      const run = (name: 'a' | 'b') =>
        backUpAt(servers[name], 'full', '2026-01-01T01:00:00Z', {
          storage: bucketOf(s3, host(name)),
          rotates: false,
          volumeLimitBytes: 3000,
        });
      // The seal of the first is slow, so that both are sent by then.
      await s3.faults([{ method: 'PUT', key: /seal/, does: 'slow' }]);
      const ends = await Promise.allSettled([run('a'), run('b')]);

      const lost = ends.filter((end) => end.status === 'rejected');
      expect(lost, JSON.stringify(ends)).toHaveLength(1);
      expect(lost[0]?.reason).toMatchObject({
        code: 'LOCKED',
        exitCode: 11,
        message: expect.stringContaining('another run has published') as string,
      });
      expect(await s3.uploads()).toEqual([]);
      const [state] = await inspectStorage(bucketOf(s3, host('a')));
      expect(
        state && (await verifyArchive(state.facts.files, {})),
      ).toMatchObject({ isSound: true });
    },
  );

  it('one after the other: each has its own', async () => {
    await start();
    for (const [name, at] of [
      ['a', '2026-01-01T01:00:00Z'],
      ['b', '2026-01-01T01:00:00Z'],
    ] as const) {
      await backUpAt(server, 'full', at, {
        storage: bucketOf(s3, host(name)),
        rotates: false,
      });
    }

    const states = await inspectStorage(bucketOf(s3, host('a')));
    expect(states.map(({ facts }) => facts.files.stem)).toEqual([
      'F20260101T010000Z',
      'F20260101T010001Z',
    ]);
  });
});

/** The volumes of the first archive are sent, and never become visible. */
const NO_COMPLETING = [
  {
    method: 'POST',
    key: /F20260101.*zip$/,
    query: 'uploadId',
    does: 'reset',
    times: 1e9,
  },
] as const;

describe('what a run sealed before it died', () => {
  it('is completed by the next run of another machine', async () => {
    await start();
    await s3.faults(NO_COMPLETING);
    await expect(
      backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
        storage: bucketOf(s3, host('a')),
      }),
    ).rejects.toThrow(
      `F20260101T010000Z.zip is sealed in s3://${s3.bucketName}/mail`,
    );
    expect(await s3.keys()).toEqual(['mail/F20260101T010000Z.seal.json']);

    await s3.faults([]);
    const { report } = await backUpAt(server, 'full', '2026-01-02T01:00:00Z', {
      storage: bucketOf(s3, host('b')),
    });
    expect(report.warnings).toContain(
      'F20260101T010000Z.zip, which a run that died had sealed, is complete now',
    );
    const states = await inspectStorage(bucketOf(s3, host('b')));
    expect(states.map(({ verifiedAt }) => verifiedAt !== undefined)).toEqual([
      true,
      true,
    ]);
  });

  it('is named where its parts are gone', async () => {
    await start();
    await s3.faults(NO_COMPLETING);
    await expect(
      backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
        storage: bucketOf(s3, host()),
      }),
    ).rejects.toMatchObject({ code: 'FAILED' });
    await s3.faults([]);
    for (const { id } of await s3.uploads()) await s3.abort(id);

    const { report } = await backUpAt(server, 'full', '2026-01-02T01:00:00Z', {
      storage: bucketOf(s3, host()),
    });
    expect(report.warnings.join()).toContain(
      'F20260101T010000Z.zip is sealed and cannot be completed',
    );
  });
});

describe('rotation in a bucket', () => {
  const nights = async (storage: Storage): Promise<void> => {
    for (const day of ['01', '02', '03']) {
      await backUpAt(server, 'full', `2026-01-${day}T01:00:00Z`, {
        storage,
        rotates: false,
      });
    }
  };

  it.skipIf(REAL_S3 !== undefined)(
    'says who must rotate where the credentials may not delete',
    async () => {
      const users = {
        writer: {
          secret: 'writer/Secret',
          mayNot: ['delete', 'overwrite'] as const,
        },
      };
      const storage = await start({ users });
      await nights(storage);
      const { report } = await rotate(storage, 1);
      expect(report.failures).toBe(2);
      expect(report.verdicts[0]?.failure).toBe(
        'these credentials may not remove it from s3://mail-backup/mail: rotate with others that may, on another machine',
      );
      expect(await s3.keys()).toHaveLength(9);
      expect(readdirSync(host()).join()).not.toContain('publication');
    },
  );

  it.skipIf(REAL_S3?.manner === 'swift')(
    'keeps what is locked, names the date, and is no failure',
    async () => {
      await start({ hasVersions: REAL_S3 !== undefined });
      const durationMs = 30 * 86_400_000;
      const storage = bucketOf(s3, host(), {
        retention: { mode: 'COMPLIANCE', durationMs },
      });
      await nights(storage);
      const { report } = await rotate(storage, 1);
      expect(report.failures).toBe(0);
      expect(report.verdicts.map(({ action }) => action)).toEqual([
        'keep',
        'keep',
        'keep',
      ]);
      expect(report.verdicts[0]?.reason).toMatch(
        /^locked until \d{4}-\d\d-\d\d/,
      );
      expect(await s3.keys()).toHaveLength(9);
    },
  );

  it('goes on with an archive that a dead rotation has removed in part', async () => {
    const storage = await start();
    await nights(storage);
    await s3.faults([
      { method: 'DELETE', key: /F20260101.*json$/, does: 'reset', times: 1e9 },
    ]);
    const { report } = await rotate(storage, 2);
    expect(report.failures).toBe(1);
    expect(await s3.keys()).not.toContain('mail/F20260101T010000Z.zip');
    await s3.faults([]);
    await rotate(bucketOf(s3, host()), 2);
    expect((await s3.keys()).join()).not.toContain('F20260101');
  });

  it('removes nothing where the list has what is not there', async () => {
    const storage = await start();
    await nights(storage);
    await s3.faults([
      {
        method: 'HEAD',
        key: /F20260101.*zip$/,
        does: { status: 404, code: 'NoSuchKey' },
      },
    ]);
    const { report } = await rotate(storage, 2);
    expect(report.verdicts[0]?.failure).toContain(
      'was listed, and is not there',
    );
    expect(await s3.keys()).toHaveLength(9);
  });
});

describe.skipIf(REAL_S3 !== undefined)('a locked bucket', () => {
  const retention = { mode: 'GOVERNANCE', durationMs: 86_400_000 } as const;

  it.each(['strict', 'ceph'] as const)(
    'locks every object, at a server of %s manners',
    async (manner) => {
      await start({ manner });
      const { report } = await backUpAt(
        server,
        'full',
        '2026-01-01T01:00:00Z',
        {
          storage: bucketOf(s3, host(), { retention }),
          volumeLimitBytes: 3000,
        },
      );
      expect(report.issues).toEqual([]);
      for (const key of await s3.keys()) {
        expect(await s3.object(key)).toMatchObject({ mode: 'GOVERNANCE' });
      }
    },
  );

  it('that does not lock is a loud failure: every object is named', async () => {
    await start({ manner: 'swift' });
    const { report } = await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {
      storage: bucketOf(s3, host(), { retention }),
    });
    expect(report.issues.map(({ kind, name }) => [kind, name])).toEqual([
      ['unlocked', 'F20260101T010000Z.seal.json'],
      ['unlocked', 'F20260101T010000Z.index.zip'],
      ['unlocked', 'F20260101T010000Z.zip'],
    ]);
  });
});

describe('a bucket', () => {
  it('of more than 1,000 keys is rotated as one of few', async () => {
    const storage = await start();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    for (let number = 1; number <= 1010; number += 10) {
      const ten = Array.from({ length: 10 }, (_, at) => number + at);
      await Promise.all(
        ten.map((one) => s3.put([`mail/A${String(one)}`, Buffer.from('x')])),
      );
    }

    await backUpAt(server, 'full', '2026-01-02T01:00:00Z', {
      storage,
      keep: 1,
    });
    expect((await s3.keys()).filter((key) => key.endsWith('zip'))).toEqual([
      'mail/F20260102T010000Z.index.zip',
      'mail/F20260102T010000Z.zip',
    ]);
  });

  it('whose list of parts lags behind what it has is waited for', async () => {
    const storage = await start();
    await s3.faults([
      { method: 'GET', query: 'uploadId', does: 'unlisted', times: 5 },
    ]);
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    expect(await s3.keys()).toContain('mail/F20260101T010000Z.zip');
  });

  it('whose credentials may not drop uploads is backed up to all the same', async () => {
    const storage = await start();
    const denied = {
      method: 'DELETE',
      query: 'uploadId',
      does: { status: 403, code: 'AccessDenied' },
      times: 1e9,
    } as const;
    const failing = {
      query: 'partNumber',
      does: { status: 400, code: 'EntityTooLarge' },
      times: 1e9,
    } as const;
    await s3.faults([denied, failing]);
    await expect(
      backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage }),
    ).rejects.toMatchObject({ message: /EntityTooLarge/ });

    await s3.faults([denied]);
    await backUpAt(server, 'full', '2026-01-02T01:00:00Z', {
      storage: bucketOf(s3, host()),
    });
    expect(await s3.keys()).toContain('mail/F20260102T010000Z.zip');
  });

  it('whose credentials expire in the middle has the old state, and the next run takes away what was sent', async () => {
    const storage = await start();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    await s3.faults([
      {
        key: /F20260102/,
        query: 'partNumber',
        does: { status: 400, code: 'ExpiredToken' },
        times: 1e9,
      },
      {
        method: 'DELETE',
        does: { status: 400, code: 'ExpiredToken' },
        times: 1e9,
      },
    ]);
    await expect(
      backUpAt(server, 'full', '2026-01-02T01:00:00Z', { storage }),
    ).rejects.toMatchObject({ code: 'FAILED' });
    expect(await s3.uploads()).not.toEqual([]);
    await s3.faults([]);
    await backUpAt(server, 'full', '2026-01-03T01:00:00Z', {
      storage: bucketOf(s3, host()),
    });
    expect(await s3.uploads()).toEqual([]);
    expect((await s3.keys()).join()).not.toContain('F20260102');
  });
});
