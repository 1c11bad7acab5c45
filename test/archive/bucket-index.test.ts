import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listArchiveFiles } from '../../src/archive/backup-directory.js';
import type { Storage } from '../../src/archive/storage.js';
import { readArchive } from '../../src/archive/verify.js';
import { mirrorArchives } from '../../src/jobs/mirror-archives.js';
import { openServer } from '../../src/jobs/server.js';
import { takeNotes } from '../../src/platform/run-notes.js';
import { offerIdentities } from '../../src/sealing/key-ring.js';
import { bucketOf } from '../helpers/bucket-host.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { REAL_S3 } from '../helpers/real-s3.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import { newKeyPair } from '../helpers/sealing.js';
import {
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { type Ended, expectDone, kms } from '../helpers/tools.js';
import { storageAt } from '../../src/archive/storages.js';

/** What is asked of a server for archives of more than 40 volumes that have their index beside them. */

const FULL = 'F20260101T010000Z';
const FOLDERS = 45;
const MESSAGES = 20;
/** A real server, on the machine of the test, takes its time for almost a hundred uploads. */
const SENT_MS = REAL_S3 ? 600_000 : 120_000;
const KINDS = ['plain', 'sealed'] as const;
type Kind = (typeof KINDS)[number];

let dir: string;
let server: Installation;
let s3: S3Apart;
let recipient: string;

/** Messages that do not get smaller, by folder: no volume comes with one request. */
function manyFolders(): Tree {
  const folders = Array.from({ length: FOLDERS }, (_, folder) => {
    const messages = Array.from({ length: MESSAGES }, (__, at) => [
      `${String(at + 1).padStart(8, '0')}.eml`,
      randomBytes(20_000),
    ]);

    return [
      `folder ${String(folder)}`,
      { '#msgs': Object.fromEntries(messages) as Tree, 'status.fld': 'S\r\n' },
    ];
  });

  return {
    mail: { 'example.com': { alice: Object.fromEntries(folders) as Tree } },
  };
}

const prefixOf = (kind: string): string => `${kind}/`;

/** The bucket as a run finds it that knows nothing yet. */
const bucketFor = (kind: Kind, host = `host ${kind}`): Storage =>
  bucketOf(s3, join(dir, host), {
    target: {
      endpoint: s3.endpoint,
      bucket: s3.bucketName,
      prefix: prefixOf(kind),
      region: 'us-east-1',
    },
    ...(kind === 'sealed' && {
      recipients: [recipient],
      identityFile: join(dir, 'identity'),
    }),
  });

interface Asked {
  readonly requests: number;
  readonly bytes: number;
  readonly keys: readonly string[];
}

/** What was asked of the server since it forgot. */
async function askedOf(): Promise<Asked> {
  const requests = await s3.requests();

  return {
    requests: requests.length,
    bytes: requests.reduce((sum, { answerBytes }) => sum + answerBytes, 0),
    keys: requests.filter(({ range }) => range).map(({ key }) => key),
  };
}

const run = (words: readonly string[]): Ended =>
  kms(words, {
    cwd: dir,
    env: {
      ...s3.env,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_REGION: 'us-east-1',
      KMS_BACKUP_SERVER_DIR: server.serverDir,
      KMS_BACKUP_STATE_DIR: join(dir, 'state'),
      HOME: dir,
    },
  });

const messageAt = (folder: number, name: string): string =>
  join(
    server.storeDir,
    `mail/example.com/alice/folder ${String(folder)}/#msgs/${name}.eml`,
  );

beforeAll(async () => {
  dir = temporaryDirectory('bucket-index');
  server = buildInstallation(join(dir, 'server'), {
    store: manyFolders(),
    volumeSizeBytes: 420_000,
  });

  const pair = await newKeyPair();
  recipient = pair.recipient;
  writeFileSync(join(dir, 'identity'), pair.identity);
  offerIdentities({
    findFile: (usual) => Promise.resolve(usual),
    askPassphrase: () => Promise.reject(new Error('nobody is asked')),
  });

  s3 = await startS3Apart({});
  Object.assign(process.env, s3.env);

  for (const kind of KINDS) {
    const storage = bucketFor(kind);
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { storage });
  }
}, SENT_MS);

afterAll(async () => {
  offerIdentities(undefined);
  await s3.close();
  removeTemporary(dir);
});

beforeEach(async () => {
  takeNotes();
  await s3.forget();
});

describe('the index in a bucket', () => {
  it.each([
    ['plain', 6],
    ['sealed', 8],
  ] as const)(
    'brings one message out of a %s archive of 40 volumes in %i requests',
    async (kind, most) => {
      const before = readFileSync(messageAt(7, '00000003'));
      rmSync(messageAt(7, '00000003'));
      const address = `s3://${s3.bucketName}/${kind}`;
      const words = ['recover', address, '--additive', '--force', '--yes'];
      const what = ['--message', 'example.com/alice/folder 7/00000003'];
      expectDone(run([...words, ...what, '--identity', join(dir, 'identity')]));

      const { requests, bytes } = await askedOf();
      expect(requests).toBeLessThanOrEqual(most);
      expect(bytes).toBeLessThan(3_000_000);
      expect(readFileSync(messageAt(7, '00000003')).equals(before)).toBe(true);
    },
  );

  it.each(KINDS)(
    'is read once for a differential, and the volumes of its %s full never',
    async (kind) => {
      writeFileSync(messageAt(9, '00000003'), 'changed\r\n');
      const storage = bucketFor(kind);
      const night = { storage, rotates: false };
      const at = '2026-01-02T01:00:00Z';
      const { report } = await backUpAt(server, 'differential', at, night);
      expect(report.type).toBe('differential');
      expect(report.warnings).toEqual([]);

      const { keys } = await askedOf();
      const ofFull = keys.filter((key) => key.includes(FULL));
      expect(new Set(ofFull)).toEqual(
        new Set([
          `${kind}/${FULL}.index.zip${kind === 'sealed' ? '.age' : ''}`,
        ]),
      );
      // The whole of it is two of the smallest ranges that are asked for.
      expect(ofFull.length).toBeLessThanOrEqual(4);
    },
  );

  it('of a sealed archive is sealed, and one that is damaged changes nothing', async () => {
    const key = `sealed/${FULL}.index.zip.age`;
    const object = await s3.object(key);
    const bytes = Buffer.from(object?.bytes ?? []);
    const readAll = async (): Promise<string | undefined> => {
      const [files] = await listArchiveFiles(bucketFor('sealed'));
      if (!files) throw new Error('no archive');

      return (await readArchive(files)).archive.digest;
    };

    expect(bytes.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    const digest = await readAll();
    expect(digest).toBeDefined();
    expect(takeNotes()).toEqual([]);

    for (const at of [bytes.length - 40_000, bytes.length - 300]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await s3.put([key, changed]);

      expect(await readAll()).toBe(digest);
      expect(takeNotes().map(({ text }) => text)[0]).toMatch(/is not used/);
    }

    await s3.put([key, bytes]);
  });

  it('is made for archives that are copied there', async () => {
    await backUpAt(server, 'full', '2026-01-03T01:00:00Z');
    const target = {
      endpoint: s3.endpoint,
      bucket: s3.bucketName,
      prefix: 'mirror/',
      region: 'us-east-1',
    };
    const storage = bucketOf(s3, join(dir, 'mirror'), { target });

    await mirrorArchives({
      source: storageAt(server.backupDir),
      server: openServer({ 'server-dir': server.serverDir }),
      isNewTarget: false,
      mirror: { storage, retention: undefined, isUsual: true },
      keepsDifferentials: false,
      rotates: false,
      isDryRun: false,
      lockWaitMs: 0,
      clock: clockFrom('2026-02-01T01:00:00Z'),
      signal: undefined,
    });

    expect(await s3.keys()).toContain('mirror/F20260103T010000Z.index.zip');
    expect(readdirSync(join(dir, 'mirror', 'spool'))).toEqual([]);
    const [files] = await listArchiveFiles(storage);
    await s3.forget();
    expect(files && (await readArchive(files)).archive.lost).toEqual([]);
    const { keys } = await askedOf();
    expect(keys.every((key) => key.endsWith('.index.zip'))).toBe(true);
    expect(takeNotes()).toEqual([]);
  });
});
