import { onTestFinished } from 'vitest';
import type {
  ObjectStore,
  ObjectStoreTarget,
} from '../../src/object-store/object-store.js';
import { openObjectStore } from '../../src/object-store/open-object-store.js';
import type {
  GivenSurroundings,
  TimeLimits,
} from '../../src/object-store/surroundings.js';
import { type S3Server, type S3ServerOptions, startS3 } from './s3-server.js';

/** Time limits of a test: long enough for a busy machine, short enough to wait for. */
export const SHORT_LIMITS: TimeLimits = {
  connectMs: 10_000,
  idleMs: 5_000,
  wholeMs: 20_000,
  patienceMs: 20_000,
  firstPatienceMs: 10_000,
  pauseMs: 5,
};

/** A server, and how stores in it are opened; both end with the test. */
export interface TestBucket {
  readonly server: S3Server;
  readonly open: (
    target?: Partial<ObjectStoreTarget>,
    surroundings?: GivenSurroundings,
  ) => ObjectStore;
}

export async function startBucket(
  options: S3ServerOptions = {},
): Promise<TestBucket> {
  const server = await startS3(options);
  onTestFinished(() => server.close());

  return {
    server,
    open: (target = {}, surroundings = {}) => {
      const store = openObjectStore(
        {
          endpoint: server.endpoint,
          bucket: server.bucketName,
          prefix: 'host 1/',
          ...target,
        },
        { env: server.env, limits: SHORT_LIMITS, ...surroundings },
      );
      onTestFinished(() => {
        store.close();
      });
      return store;
    },
  };
}

/** Returns the error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }

  throw new Error('no error came');
}
