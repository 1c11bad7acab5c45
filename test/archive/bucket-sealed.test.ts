import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import { runRotate } from '../../src/rotate/run-rotate.js';
import { offerIdentities } from '../../src/sealing/key-ring.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import { type KeyPair, newKeyPair } from '../helpers/sealing.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

let dir: string;
let server: Installation;
let s3: S3Apart;
let pair: KeyPair;

beforeEach(async () => {
  dir = temporaryDirectory('bucket-sealed');
  server = buildInstallation(join(dir, 'server'), {
    volumeSizeBytes: 20_000_000,
  });
  pair = await newKeyPair();
  writeFileSync(join(dir, 'identity'), pair.identity);
  s3 = await startS3Apart({});
  Object.assign(process.env, s3.env);
});

afterEach(async () => {
  offerIdentities(undefined);
  await s3.close();
  removeTemporary(dir);
});

/** The bucket as a machine has it; its own identities are none, or a file's. */
const bucketAt = (host: string, identityFile?: string): Storage =>
  storageAt({
    target: {
      endpoint: s3.endpoint,
      bucket: s3.bucketName,
      prefix: 'mail/',
      region: 'us-east-1',
    },
    stateDirectory: join(dir, host),
    recipients: [pair.recipient],
    ...(identityFile !== undefined && { identityFile }),
  });

/** What is named on the command line, and nobody to ask. */
const offer = (file: string | undefined): void => {
  offerIdentities({
    findFile: (usual) => Promise.resolve(file ?? usual),
    askPassphrase: () => Promise.reject(new Error('nobody is asked')),
  });
};

/** Two volumes of two parts. */
function addLargeMail(): void {
  const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');
  mkdirSync(inbox, { recursive: true });
  for (let at = 0; at < 4; at++) {
    writeFileSync(
      join(inbox, `0000000${String(at)}.eml`),
      randomBytes(9_000_000),
    );
  }
}

describe('a bucket with recipients', () => {
  it('gets nothing that is not sealed, and is read by who has the identity', async () => {
    addLargeMail();
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const keys = await s3.keys();
    expect(keys).toEqual([
      'mail/F20260101T010000Z.1.zip.age',
      'mail/F20260101T010000Z.index.zip.age',
      'mail/F20260101T010000Z.seal.json',
      'mail/F20260101T010000Z.zip.age',
    ]);
    expect(readdirSync(join(dir, 'host', 'spool'))).toEqual([]);

    const [sealed] = await inspectStorage(bucketAt('other'));
    expect(sealed?.unreadable).toMatchObject({ code: 'SEALED' });

    offer(join(dir, 'identity'));
    const [state] = await inspectStorage(storage);
    expect(state).toMatchObject({ isRecoverable: true });
    expect(state?.verifiedAt).toBeDefined();
    for (const threads of [1, 2]) {
      const files = state?.facts.files;
      expect(files && (await verifyArchive(files, { threads }))).toMatchObject({
        isSound: true,
        volumes: 2,
      });
    }
  });

  it('is rotated and gets differentials where the host has the identity', async () => {
    offer(undefined);
    const storage = bucketAt('host', join(dir, 'identity'));
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const { report } = await backUpAt(
      server,
      'differential',
      '2026-01-02T01:00:00Z',
      { storage },
    );
    expect(report.type).toBe('differential');
    await backUpAt(server, 'full', '2026-01-03T01:00:00Z', {
      storage,
      keep: 1,
    });
    expect(await s3.keys()).toEqual([
      'mail/F20260103T010000Z.index.zip.age',
      'mail/F20260103T010000Z.seal.json',
      'mail/F20260103T010000Z.zip.age',
    ]);
    expect(await s3.uploads()).toEqual([]);
  });

  it('gets fulls and keeps all where the host has no identity', async () => {
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const { report } = await backUpAt(
      server,
      'differential',
      '2026-01-02T01:00:00Z',
      { storage },
    );
    expect(report.type).toBe('full');
    expect(report.warnings.join()).toMatch(/sealed/);

    const rotation = await runRotate({
      storage,
      policy: limitPolicy(1, false),
      isDryRun: false,
      lockWaitMs: 0,
      clock: clockFrom('2026-02-01T01:00:00Z'),
    });
    expect(rotation.report.verdicts.map(({ action }) => action)).toEqual([
      'keep',
      'keep',
    ]);
  });
});
