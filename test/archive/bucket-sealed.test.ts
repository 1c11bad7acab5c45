import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import type { ArchiveState } from '../../src/archive/archive-state.js';
import type { BucketTarget } from '../../src/archive/object-storage/bucket.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import {
  verifyArchive,
  type VerifyOptions,
  type VerifyReport,
} from '../../src/archive/verify.js';
import { runVerify } from '../../src/verify/run-verify.js';
import { listArchiveFiles } from '../../src/archive/backup-directory.js';
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
const bucketAt = (
  host: string,
  identityFile?: string,
  changes: Partial<BucketTarget> = {},
): Storage =>
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
    ...changes,
  });

const statesOf = (host: string): Promise<ArchiveState[]> =>
  inspectStorage(bucketAt(host));

const ownFilesOf = (host: string): string[] => readdirSync(join(dir, host));

/** A differential of the host, or what became of it. */
async function differentialAt(
  at: string,
): Promise<{ readonly type: string; readonly warnings: readonly string[] }> {
  const storage = bucketAt('host');
  const night = { storage, rotates: false };

  return (await backUpAt(server, 'differential', at, night)).report;
}

function toWords({ facts, base, verifiedAt, fault }: ArchiveState): string {
  const proven = verifiedAt ? 'proven' : 'not proven';
  const needs = base ? `with ${base.files.stem}` : 'without F';

  return `${facts.files.stem} ${fault ?? proven}, ${needs}`;
}

const bytesRead = async (): Promise<number> => {
  const requests = await s3.requests();

  return requests.reduce((sum, { answerBytes }) => sum + answerBytes, 0);
};

function addMail(name: string): void {
  const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');
  mkdirSync(inbox, { recursive: true });
  writeFileSync(join(inbox, `${name}.eml`), 'Subject: new\r\n\r\nnew\r\n');
}

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
    expect(sealed).toMatchObject({ isRecoverable: true, lacks: [] });
    expect(sealed?.facts.told).toBeDefined();

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

  it('gets differentials and is rotated by a host without an identity', async () => {
    offer(undefined);
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const copy = join(dir, 'host', '.kms-backup-F20260101T010000Z.index.zip');
    expect(statSync(copy).mode & 0o777).toBe(0o600);

    addMail('new');
    const { report } = await backUpAt(
      server,
      'differential',
      '2026-01-02T01:00:00Z',
      { storage },
    );
    expect(report.type).toBe('differential');
    expect(report.warnings).toEqual([]);
    expect(report.messages).toMatchObject({ new: 1, unchanged: 2 });
    expect((await statesOf('host')).map(toWords)).toEqual([
      'F20260101T010000Z proven, without F',
      'I20260102T010000Z proven, with F20260101T010000Z',
    ]);

    // On another machine nothing is proven, and all is known.
    expect((await statesOf('other')).map(toWords)).toEqual([
      'F20260101T010000Z not proven, without F',
      'I20260102T010000Z not proven, with F20260101T010000Z',
    ]);

    const { rotation } = await backUpAt(
      server,
      'full',
      '2026-01-03T01:00:00Z',
      { storage, keep: 1 },
    );
    expect(rotation?.failures).toBe(0);
    expect((await s3.keys()).map((key) => key.slice(5, 22))).toEqual(
      Array.from({ length: 3 }, () => 'F20260103T010000Z'),
    );
    expect(ownFilesOf('host')).toEqual([
      '.kms-backup-F20260103T010000Z.index.zip',
      '.kms-backup-verified.json',
      'spool',
    ]);

    offer(join(dir, 'identity'));
    const [state] = await statesOf('other');
    expect(state?.facts.summary?.messages).toBeGreaterThan(1);
  });

  it('tells of a copy of an index that was lost or changed, and gets a full then', async () => {
    offer(undefined);
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const copy = join(dir, 'host', '.kms-backup-F20260101T010000Z.index.zip');
    const bytes = readFileSync(copy);

    rmSync(copy);
    const lost = await differentialAt('2026-01-02T01:00:00Z');
    expect(lost.type).toBe('full');
    expect(lost.warnings.join()).toMatch(
      /neither an identity that opens it nor a copy of its index/,
    );

    // The copy of another archive, under the name of this one's.
    const newer = join(dir, 'host', '.kms-backup-F20260102T010000Z.index.zip');
    rmSync(newer);
    writeFileSync(newer, bytes);
    expect((await differentialAt('2026-01-03T01:00:00Z')).type).toBe('full');

    // Half written, and of an archive that is gone.
    const third = join(dir, 'host', '.kms-backup-F20260103T010000Z.index.zip');
    writeFileSync(third, readFileSync(third).subarray(0, 500));
    writeFileSync(`${third}.part`, 'half');
    writeFileSync(copy.replace('F2026', 'F2025'), bytes);
    expect((await differentialAt('2026-01-04T01:00:00Z')).type).toBe('full');
    expect(ownFilesOf('host')).toEqual([
      '.kms-backup-F20260104T010000Z.index.zip',
      '.kms-backup-verified.json',
      'spool',
    ]);

    // With the identity nothing of this is needed.
    rmSync(join(dir, 'host', '.kms-backup-F20260104T010000Z.index.zip'));
    offer(join(dir, 'identity'));
    const last = await differentialAt('2026-01-05T01:00:00Z');
    expect(last.type).toBe('differential');
  });

  it('keeps no copy where none is wanted, and says what that costs', async () => {
    offer(undefined);
    const storage = bucketAt('host', undefined, { keepsIndexes: false });
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    expect(ownFilesOf('host')).toEqual(['.kms-backup-verified.json', 'spool']);

    const { report } = await backUpAt(
      server,
      'differential',
      '2026-01-02T01:00:00Z',
      { storage },
    );
    expect(report.type).toBe('full');
    expect(report.warnings.join()).toMatch(/sealed/);
  });

  it('says what is not there as it was sealed', async () => {
    addLargeMail();
    offer(undefined);
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const key = 'mail/F20260101T010000Z.1.zip.age';
    const bytes = Buffer.from((await s3.object(key))?.bytes ?? []);

    await s3.put([key, bytes.subarray(1)]);
    const [changed] = await statesOf('host');
    expect(changed?.isRecoverable).toBe(false);
    expect(changed?.fault).toMatch(/1.zip.age is not what was sealed/);

    await s3.remove(key);
    const [state] = await statesOf('host');
    expect(state?.fault).toBe('F20260101T010000Z.1.zip is missing');
  });

  it('is proven without an identity as far as its seal reaches', async () => {
    addLargeMail();
    offer(undefined);
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const verify = async (
      host: string,
      options: VerifyOptions = {},
    ): Promise<VerifyReport | undefined> => {
      const place = { storage: bucketAt(host), fileName: undefined };
      const clock = clockFrom('2026-02-01T01:00:00Z');
      const { reports } = await runVerify({ place, clock, ...options });

      return reports[0];
    };

    const readsSealed = true;

    await s3.forget();
    const asked = await verify('other');
    expect(asked).toMatchObject({ isSealed: true, isSound: false });
    expect(asked?.seal).toMatchObject({ isReadBack: true, isRead: false });
    expect(await bytesRead()).toBeLessThan(200_000);
    expect((await statesOf('other'))[0]?.verifiedAt).toBeUndefined();

    const read = await verify('other', { readsSealed });
    expect(read).toMatchObject({ isSealed: true, isSound: true, volumes: 2 });
    expect(await bytesRead()).toBeGreaterThan(36_000_000);
    // Anybody may seal for these recipients: it counts where this machine has proven it.
    expect((await statesOf('other'))[0]?.verifiedAt).toBeUndefined();
    await verify('host', { readsSealed });
    const [state] = await statesOf('host');
    expect(state?.verifiedAt?.toISOString()).toMatch(/^2026-02-01T01:00:00/);

    // Of the same length: only its ETag tells.
    const key = 'mail/F20260101T010000Z.1.zip.age';
    const bytes = Buffer.from((await s3.object(key))?.bytes ?? []);
    bytes[90_000] = (bytes[90_000] ?? 0) ^ 1;
    await s3.put([key, bytes]);
    const changed = await verify('host');
    expect(changed).toMatchObject({ isSealed: false, isSound: false });
    expect(changed?.fault).toMatch(/1.zip.age: it is not what was sealed/);
    expect(changed?.damage).toHaveLength(1);
    expect((await statesOf('host'))[0]?.isRecoverable).toBe(false);
  });

  it('is damaged where a server keeps the ETag and gives other bytes', async () => {
    offer(undefined);
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const key = 'mail/F20260101T010000Z.zip.age';
    await s3.faults([
      { method: 'GET', key: /zip.age$/, does: 'flip', times: 99 },
    ]);
    const [files] = await listArchiveFiles(bucketAt('host'));
    const report = files && (await verifyArchive(files, { readsSealed: true }));
    expect(report?.fault).toBe(
      `${key.slice(5)}: its SHA-256 is not the one that was sealed`,
    );
  });

  it('is known as ever where the seal is of an earlier version', async () => {
    offer(undefined);
    const storage = bucketAt('host');
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
    const key = 'mail/F20260101T010000Z.seal.json';
    const text = Buffer.from((await s3.object(key))?.bytes ?? []).toString();
    const seal = JSON.parse(text) as Record<string, unknown>;
    await s3.put([
      key,
      Buffer.from(JSON.stringify({ ...seal, facts: undefined })),
    ]);

    // This process has read the other one.
    const [state] = await inspectStorage(
      bucketAt('other', undefined, {
        target: {
          endpoint: s3.endpoint.replace('127.0.0.1', 'localhost'),
          bucket: s3.bucketName,
          prefix: 'mail/',
          region: 'us-east-1',
        },
      }),
    );
    expect(state?.unreadable).toMatchObject({ code: 'SEALED' });
    expect(text).not.toMatch(/alice|example\.com/);
  });
});
