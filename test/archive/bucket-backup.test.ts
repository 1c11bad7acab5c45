import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import { verifyArchive } from '../../src/archive/verify.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';

let dir: string;
let server: Installation;
let s3: S3Apart;

const bucketStorage = (host = 'host'): Storage =>
  storageAt({
    target: {
      endpoint: s3.endpoint,
      bucket: s3.bucketName,
      prefix: 'mail/',
      region: 'us-east-1',
    },
    stateDirectory: join(dir, host),
  });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-bucket-'));
  server = buildInstallation(dir);
  s3 = await startS3Apart();
  Object.assign(process.env, s3.env);
});

afterEach(async () => {
  await s3.close();
  rmSync(dir, { recursive: true });
});

describe('backups into a bucket', () => {
  it('are sent, sealed, recorded, rotated and verified as on a disk', async () => {
    const storage = bucketStorage();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', { storage });
    const { rotation } = await backUpAt(
      server,
      'full',
      '2026-01-03T01:00:00Z',
      { storage, keep: 1 },
    );
    expect(rotation?.verdicts.map(({ action }) => action)).toEqual([
      'remove',
      'remove',
      'keep',
    ]);
    expect(await s3.keys()).toEqual([
      'mail/F20260103T010000Z.seal.json',
      'mail/F20260103T010000Z.zip',
    ]);
    expect(await s3.uploads()).toEqual([]);
    const states = await inspectStorage(storage);
    expect(
      states.map(({ facts, isRecoverable, verifiedAt }) => [
        facts.files.stem,
        isRecoverable,
        verifiedAt !== undefined,
      ]),
    ).toEqual([['F20260103T010000Z', true, true]]);
    for (const { facts } of states) {
      expect(await verifyArchive(facts.files, {})).toMatchObject({
        isSound: true,
      });
    }

    expect(readdirSync(join(dir, 'host'))).toEqual([
      '.kms-backup-verified.json',
      'spool',
    ]);
    expect(readdirSync(join(dir, 'host', 'spool'))).toEqual([]);
  });
});
