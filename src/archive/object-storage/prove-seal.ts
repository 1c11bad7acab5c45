/** Proves that the volumes of an archive in a bucket are those that were sealed, without opening them. */
import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../object-store/object-store.js';
import { tellStep } from '../../platform/steps.js';
import { formatSealName } from '../names.js';
import type { SealProof, SealProofOptions } from '../storage.js';
import type { Bucket } from './bucket.js';
import { readSeal } from './claim-seal.js';
import { toReadFailure } from './read-failure.js';
import { isVolume, type SealedVolume } from './seal.js';

const PIECE_BYTES = 8 << 20;

/**
 * Compares each volume with the seal: by what the server says of it, or by all of its bytes.
 * @returns undefined where there is no seal
 * @throws {Error} as one of the operating system, where the server does not answer
 */
export async function proveSeal(
  bucket: Bucket,
  stem: string,
  options: SealProofOptions,
): Promise<SealProof | undefined> {
  const store = await bucket.store();
  const asking = <T>(key: string, answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw toReadFailure(error, bucket.pathOf(key));
    });

  const sealKey = formatSealName(stem);
  const seal = await asking(sealKey, readSeal(store, stem));
  if (!seal) return undefined;

  const faults: { key: string; reason: string }[] = [];

  for (const volume of seal.volumes) {
    const { key } = volume;
    options.signal?.throwIfAborted();
    tellStep(`comparing ${key} with its seal`);

    const reason = await asking(key, findFault(store, volume, options));
    if (reason !== undefined) faults.push({ key, reason });
  }

  const { sealedAt, isReadBack } = seal;

  return { sealedAt: new Date(sealedAt), isReadBack, faults };
}

/** Why an object is not the sealed volume. */
async function findFault(
  store: ObjectStore,
  volume: SealedVolume,
  options: SealProofOptions,
): Promise<string | undefined> {
  const facts = await store.head(volume.key);
  if (!facts) return 'it is missing';

  if (!isVolume(facts, volume)) {
    return `it is not what was sealed: it has ${String(facts.sizeBytes)} bytes and the ETag ${facts.etag}`;
  }

  const isOther =
    options.readsAll &&
    (await hashObject(store, facts, options)) !== volume.sha256;

  return isOther ? 'its SHA-256 is not the one that was sealed' : undefined;
}

async function hashObject(
  store: ObjectStore,
  {
    key,
    etag,
    sizeBytes,
  }: {
    readonly key: string;
    readonly etag: string;
    readonly sizeBytes: number;
  },
  { signal, onRead }: SealProofOptions,
): Promise<string> {
  const hash = createHash('sha256');

  for (let offset = 0; offset < sizeBytes; offset += PIECE_BYTES) {
    signal?.throwIfAborted();
    const length = Math.min(PIECE_BYTES, sizeBytes - offset);
    const range = { offset, length };
    const { bytes } = await store.get(key, { range, ifMatch: etag });

    hash.update(bytes);
    onRead?.(bytes.length);
  }

  return hash.digest('hex');
}
