import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { BucketCalls } from '../../src/object-store/bucket-calls.js';
import { objectsPage } from '../../src/object-store/list-answers.js';
import { openObjectStore } from '../../src/object-store/open-object-store.js';
import { surroundingsOf } from '../../src/object-store/surroundings.js';
import { makeRealBucket, REAL_S3 } from './real-s3.js';
import type { StoredVersion } from './s3-bucket.js';
import type {
  S3Fault,
  S3Seen,
  S3Server,
  S3ServerOptions,
} from './s3-server.js';

export interface S3ApartCall {
  readonly id: number;
  readonly what: Exclude<keyof S3Apart, 'endpoint' | 'bucketName' | 'env'>;
  readonly given: unknown;
}

/** The server of `startS3` in a thread of its own: it answers while the test's thread waits for it without a turn. */
export interface S3Apart extends Pick<
  S3Server,
  'endpoint' | 'bucketName' | 'env'
> {
  /** Sets the faults of the requests to come. */
  faults(faults: readonly S3Fault[]): Promise<void>;
  users(users: S3Server['users']): Promise<void>;
  /** Keeps what objects there are, for `restore`; uploads go. */
  save(): Promise<void>;
  restore(): Promise<void>;
  keys(): Promise<string[]>;
  object(key: string): Promise<StoredVersion | undefined>;
  put(object: readonly [key: string, bytes: Uint8Array]): Promise<void>;
  remove(key: string): Promise<void>;
  uploads(): Promise<{ id: string; key: string }[]>;
  abort(uploadId: string): Promise<void>;
  requests(): Promise<S3Seen[]>;
  /** Counts requests anew: `at` of a fault. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

const CALLS: readonly S3ApartCall['what'][] = [
  'faults',
  'users',
  'save',
  'restore',
  'keys',
  'object',
  'put',
  'remove',
  'uploads',
  'abort',
  'requests',
  'forget',
  'close',
];

let compiled: Promise<string> | undefined;

/** Where the environment names a real server (KMS_TEST_S3_URL), a new bucket there, and what is asked goes through the thread. */
export function startS3Apart(options: S3ServerOptions = {}): Promise<S3Apart> {
  return REAL_S3 ? startRealApart(options) : startThread(options);
}

async function startRealApart({
  hasVersions = false,
}: S3ServerOptions): Promise<S3Apart> {
  const { bucket, endpoint = '' } = await makeRealBucket(hasVersions);
  const apart = await startThread({ forwardTo: endpoint, bucketName: bucket });
  const env = { ...REAL_S3?.env } as Record<string, string>;
  const target = { endpoint, bucket, prefix: '' };
  const store = openObjectStore(target, { env });
  const calls = new BucketCalls(target, surroundingsOf({ env }));
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = env;

  return {
    ...apart,
    env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
    keys: () => allKeys(calls),
    object: async (key) => {
      const facts = await store.head(key);
      if (!facts) return undefined;

      const { bytes } = await store.get(key);

      return { bytes, etag: facts.etag } as StoredVersion;
    },
    put: async ([key, bytes]) => {
      await store.put(key, Buffer.from(bytes));
    },
    remove: (key) => store.remove(key),
    uploads: async () =>
      (await store.listUploads()).map(({ uploadId: id, key }) => ({ id, key })),
    abort: async (id) => {
      const uploads = await store.listUploads();
      const upload = uploads.find(({ uploadId }) => uploadId === id);
      if (upload) await store.abortUpload(upload.key, id);
    },
    close: async () => {
      store.close();
      calls.close();
      await apart.close();
    },
  };
}

/** Of the whole bucket, below slashes too. */
async function allKeys(calls: BucketCalls): Promise<string[]> {
  const objects = await calls.allPages(objectsPage, {
    method: 'GET',
    query: { 'list-type': '2', 'encoding-type': 'url' },
    what: `list ${calls.name}`,
  });

  return objects.map(({ key }) => key).sort();
}

async function startThread(options: S3ServerOptions): Promise<S3Apart> {
  compiled ??= compile();
  const worker = new Worker(await compiled, { workerData: options });
  const waiting = new Map<number, (result: unknown) => void>();
  let count = 0;

  const answer = (id: number): Promise<unknown> =>
    new Promise((resolve) => waiting.set(id, resolve));

  const started = answer(0);
  worker.on('message', ({ id, result }: { id: number; result: unknown }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  worker.on('error', (error) => {
    throw error;
  });

  const facts = (await started) as Pick<S3Apart, 'endpoint'>;
  const calls = CALLS.map((what) => [
    what,
    async (given: unknown) => {
      const id = ++count;
      worker.postMessage({ id, what, given });
      const result = await answer(id);
      if (what === 'close') await worker.terminate();
      return result;
    },
  ]);

  return { ...facts, ...Object.fromEntries(calls) } as S3Apart;
}

async function compile(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'kms-s3-'));
  process.once('exit', () => {
    rmSync(dir, { recursive: true, force: true });
  });
  const outfile = join(dir, 's3-apart-worker.mjs');
  await build({
    entryPoints: [
      fileURLToPath(new URL('./s3-apart-worker.ts', import.meta.url)),
    ],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
  });

  return outfile;
}
