import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findIndexFault,
  listArchiveFiles,
  withoutIndex,
} from '../../src/archive/backup-directory.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { KmsError, messageOf } from '../../src/errors.js';
import { bucketOf } from '../helpers/bucket-host.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import type { S3Fault } from '../helpers/s3-server.js';

/** A server that is in trouble once, and one that stays so. */
const TROUBLES: Readonly<Record<string, (at: number) => S3Fault>> = {
  'is refused': (at) => ({ at, does: { status: 403, code: 'AccessDenied' } }),
  'loses its answer': (at) => ({ at, does: 'lose' }),
  'is answered by a wrong bit': (at) => ({ at, does: 'flip' }),
  'is cut': (at) => ({ at, does: 'cut' }),
  'is the first of all that fail': (from) => ({
    from,
    does: 'reset',
    times: Infinity,
  }),
  'is the first of all that hang': (from) => ({
    from,
    does: 'lose-hang',
    times: Infinity,
  }),
};

/** Each of them meets each so-many-th request, or every one. */
const STRIDE = process.env['KMS_TEST_THOROUGH'] === '1' ? 1 : 7;
/** As long as a hanging server is waited for. */
const HASTE = {
  connectMs: 2000,
  idleMs: 400,
  wholeMs: 5000,
  patienceMs: 120,
  firstPatienceMs: 120,
  pauseMs: 4,
};
const SMALL_VOLUMES = { volumeLimitBytes: 3000, rotates: false };

let dir: string;
let server: Installation;
let s3: S3Apart;
let requests: number;

const host = (): string => join(dir, 'host');

const backUp = (type: 'full' | 'differential', at: string, limits?: object) =>
  backUpAt(server, type, at, {
    storage: bucketOf(s3, host(), limits ? { limits } : {}),
    ...SMALL_VOLUMES,
  });

/** As after the first backup. */
async function startAnew(): Promise<void> {
  await s3.faults([]);
  await s3.restore();
  rmSync(host(), { recursive: true });
  cpSync(join(dir, 'kept'), host(), { recursive: true });
  await s3.forget();
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-bucket-faults-'));
  server = buildInstallation(dir);
  s3 = await startS3Apart();
  Object.assign(process.env, s3.env);

  await backUp('full', '2026-01-01T01:00:00Z');
  await s3.save();
  cpSync(host(), join(dir, 'kept'), { recursive: true });

  await s3.forget();
  await backUp('full', '2026-01-02T01:00:00Z');
  requests = (await s3.requests()).length;
  const volumes = (await s3.keys()).filter((key) =>
    /F20260102.*zip$/.test(key),
  );
  expect(volumes.length).toBeGreaterThan(2);
});

afterAll(async () => {
  await s3.close();
  rmSync(dir, { recursive: true });
});

/** Every archive that is shown is sealed and sound, and nothing else is there. */
async function expectWhole(where: string): Promise<string[]> {
  const keys = await s3.keys();
  const archives = await listArchiveFiles(bucketOf(s3, host()));
  const names = archives.flatMap(({ stem, volumes }) => [
    ...volumes.map(({ name }) => name),
    `${stem}.index.zip`,
    `${stem}.seal.json`,
  ]);
  expect(keys, where).toEqual(names.map((name) => `mail/${name}`).sort());

  for (const archive of archives) {
    expect(await findIndexFault(archive), where).toBeUndefined();
    const verdict = await verifyArchive(withoutIndex(archive), {});
    expect(verdict, `${where}: ${JSON.stringify(verdict)}`).toMatchObject({
      isSound: true,
    });
  }

  return archives.map(({ stem }) => stem);
}

describe.each(Object.entries(TROUBLES))(
  'a request that %s',
  (what, trouble) => {
    it('leaves the old state or the new one, and nothing behind the next run', async () => {
      const offset = Object.keys(TROUBLES).indexOf(what) % STRIDE;

      for (let at = 1 + offset; at <= requests; at += STRIDE) {
        await startAnew();
        await s3.faults([trouble(at)]);
        const error: unknown = await backUp(
          'full',
          '2026-01-02T01:00:00Z',
          HASTE,
        ).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        const met = (await s3.requests())[at - 1];
        const where = `request ${String(at)} of ${String(requests)}, ${String(met?.method)} ${String(met?.key)}: ${error === undefined ? 'done' : messageOf(error)}`;
        if (error !== undefined) {
          expect(error, where).toBeInstanceOf(KmsError);
          expect([1, 10], where).toContain((error as KmsError).exitCode);
        }

        await s3.faults([]);
        const shown = (await listArchiveFiles(bucketOf(s3, host()))).map(
          ({ stem }) => stem,
        );
        if (error === undefined) {
          expect(shown, where).toContain('F20260102T010000Z');
        }

        await backUp('differential', '2026-01-03T01:00:00Z');
        expect(await s3.uploads(), where).toEqual([]);
        expect(readdirSync(host()), where).toEqual([
          '.kms-backup-verified.json',
          'spool',
        ]);
        expect(readdirSync(join(host(), 'spool')), where).toEqual([]);
        const stems = await expectWhole(where);
        expect(stems, where).toEqual(expect.arrayContaining(shown));
      }
    });
  },
);
