import type { BucketTarget } from '../../src/archive/object-storage/bucket.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import type { S3Apart } from './s3-apart.js';

/** A server that fails is given up soon, and one that is slow is not. */
const LIMITS: NonNullable<BucketTarget['limits']> = {
  patienceMs: 120,
  firstPatienceMs: 120,
  pauseMs: 4,
};

/** A server's bucket as one machine has it. @param host the directory that holds what the machine keeps of it */
export function bucketOf(
  s3: S3Apart,
  host: string,
  changes: Partial<BucketTarget> = {},
): Storage {
  return storageAt({
    target: {
      endpoint: s3.endpoint,
      bucket: s3.bucketName,
      prefix: 'mail/',
      region: 'us-east-1',
    },
    stateDirectory: host,
    limits: LIMITS,
    ...changes,
  });
}
