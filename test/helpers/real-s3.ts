import { randomBytes } from 'node:crypto';
import type { ObjectStoreTarget } from '../../src/object-store/object-store.js';
import { S3Client } from '../../src/object-store/s3-client.js';
import { surroundingsOf } from '../../src/object-store/surroundings.js';
import type { S3Manner } from './s3-bucket.js';

/** A server that runs elsewhere, for tests that ask a real one. */
export interface RealS3 {
  readonly endpoint: string;
  /** What it does differently: `ceph`, `swift`; by KMS_TEST_S3_MANNER. */
  readonly manner: string;
  /** With the credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const { KMS_TEST_S3_URL: endpoint, KMS_TEST_S3_MANNER: manner = 'strict' } =
  process.env;

/** Undefined where the environment names none: KMS_TEST_S3_URL, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
export const REAL_S3: RealS3 | undefined =
  endpoint === undefined ? undefined : { endpoint, manner, env: process.env };

/** The manners that tests go through: those of servers in memory, or of the real one alone. */
export const MANNERS = REAL_S3
  ? [REAL_S3.manner as S3Manner]
  : (['strict', 'ceph', 'swift'] as const);

/** Creates a bucket of its own at the real server; with locks it keeps versions too. */
export async function makeRealBucket(
  hasLocks = false,
): Promise<ObjectStoreTarget> {
  if (!REAL_S3) throw new Error('KMS_TEST_S3_URL names no server');
  const bucket = `kms-test-${randomBytes(6).toString('hex')}`;
  const target = { endpoint: REAL_S3.endpoint, bucket, prefix: 'host 1/' };
  const client = new S3Client(target, surroundingsOf({ env: REAL_S3.env }));

  try {
    await client.call({
      method: 'PUT',
      headers: hasLocks ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {},
      what: `create ${bucket}`,
    });
  } finally {
    client.close();
  }

  return target;
}
