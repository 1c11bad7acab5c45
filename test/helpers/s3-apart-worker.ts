import { parentPort, workerData } from 'node:worker_threads';
import type { S3ApartCall } from './s3-apart.js';
import { type S3Server, type S3ServerOptions, startS3 } from './s3-server.js';

const server = await startS3(workerData as S3ServerOptions);

let saved: S3Server['bucket']['versions'] = new Map();

const WORK: Readonly<
  Record<S3ApartCall['what'], (server: S3Server, given: never) => unknown>
> = {
  faults: ({ faults }, given: S3Server['faults']) => {
    faults.splice(0, faults.length, ...given);
  },
  users: ({ users }, given: S3Server['users']) => {
    Object.assign(users, given);
  },
  save: ({ bucket }) => {
    saved = structuredClone(bucket.versions);
  },
  restore: ({ bucket }) => {
    bucket.versions.clear();
    bucket.uploads.clear();
    for (const [key, versions] of structuredClone(saved)) {
      bucket.versions.set(
        key,
        versions.map(
          (version) =>
            version && { ...version, bytes: Buffer.from(version.bytes) },
        ),
      );
    }
  },
  keys: ({ bucket }) => bucket.keys(),
  object: ({ bucket }, key: string) => {
    const version = bucket.current(key);
    return version && { ...version, bytes: Buffer.from(version.bytes) };
  },
  put: ({ bucket }, [key, bytes]: [string, Uint8Array]) =>
    bucket.put(key, Buffer.from(bytes), {}, { secret: '' }),
  remove: ({ bucket }, key: string) => {
    bucket.remove(key, { secret: '' });
  },
  uploads: ({ bucket }) =>
    [...bucket.uploads.values()].map(({ id, key }) => ({ id, key })),
  abort: ({ bucket }, id: string) => {
    bucket.uploads.delete(id);
  },
  requests: ({ requests }) => requests,
  forget: ({ requests }) => {
    requests.length = 0;
  },
  close: (running) => running.close(),
};

parentPort?.on('message', ({ id, what, given }: S3ApartCall) => {
  void Promise.resolve(WORK[what](server, given as never)).then((result) => {
    parentPort?.postMessage({ id, result });
  });
});

const { endpoint, bucketName, env } = server;
parentPort?.postMessage({ id: 0, result: { endpoint, bucketName, env } });
