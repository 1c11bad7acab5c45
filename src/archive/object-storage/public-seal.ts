/** The seal of an archive, as those read it who cannot look into the archive. */
import { formatSealName } from '../names.js';
import type { PublicSeal } from '../storage.js';
import type { Bucket } from './bucket.js';
import { readSeal } from './claim-seal.js';
import { toReadFailure } from './read-failure.js';

/** @throws {Error} as one of the operating system, where it cannot be read */
export async function readPublicSeal(
  bucket: Bucket,
  stem: string,
): Promise<PublicSeal | undefined> {
  const path = bucket.pathOf(formatSealName(stem));

  const seal = await bucket
    .store()
    .then((store) => readSeal(store, stem))
    .catch((error: unknown) => {
      throw toReadFailure(error, path);
    });

  return seal && { ...seal, sealedAt: new Date(seal.sealedAt) };
}
