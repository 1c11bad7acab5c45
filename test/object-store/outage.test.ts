import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listArchiveFiles } from '../../src/archive/backup-directory.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { bucketOf } from '../helpers/bucket-host.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { REAL_S3 } from '../helpers/real-s3.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';

/** What takes the nodes of a real store away: scripts/test-engine.mjs. */
const NODES = process.env['KMS_TEST_S3_NODES'];

/** As long as a store that says nothing is waited for. */
const HASTE = {
  idleMs: 4000,
  wholeMs: 6000,
  patienceMs: 9000,
  firstPatienceMs: 9000,
};
/** A store that comes back moves its data about first. */
const PATIENCE = { patienceMs: 240_000, firstPatienceMs: 240_000 };

let dir: string;
let server: Installation;
let s3: S3Apart;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-outage-'));
  server = buildInstallation(dir);
  s3 = await startS3Apart();
  Object.assign(process.env, s3.env);
});

afterAll(async () => {
  await s3.close();
  rmSync(dir, { recursive: true });
});

async function tell(act: 'takeAway' | 'bringBack', node: number) {
  const answer = await fetch(`${NODES ?? ''}/${act}/${String(node)}`, {
    method: 'POST',
  });
  expect(answer.status, await answer.text()).toBe(200);
}

const bucket = (limits: object = PATIENCE) =>
  bucketOf(s3, join(dir, 'host'), { limits });

const backUp = (day: number, limits?: object) =>
  backUpAt(server, 'full', `2026-01-0${String(day)}T01:00:00Z`, {
    storage: bucket(limits),
  });

/** All archives that are there, and sound. */
async function soundOnes(): Promise<string[]> {
  const archives = await listArchiveFiles(bucket());
  for (const archive of archives) {
    expect(await verifyArchive(archive, {})).toMatchObject({ isSound: true });
  }

  return archives.map(({ stem }) => stem);
}

it.skipIf(NODES === undefined || !REAL_S3)(
  'a store works on without one node, is told to be away without two, and has lost nothing when they are back',
  async () => {
    await backUp(1);
    await tell('takeAway', 2);
    await backUp(2);
    const both = ['F20260101T010000Z', 'F20260102T010000Z'];
    expect(await soundOnes()).toEqual(both);

    await tell('takeAway', 1);
    await expect(backUp(3, HASTE)).rejects.toMatchObject({
      code: expect.stringMatching(/FAILED|NOT_FOUND/) as string,
      exitCode: expect.toSatisfy((code) => code === 1 || code === 10) as number,
    });

    await tell('bringBack', 1);
    await tell('bringBack', 2);
    await backUp(4);
    expect(await soundOnes()).toEqual([...both, 'F20260104T010000Z']);
    expect(await s3.uploads()).toEqual([]);
  },
);
