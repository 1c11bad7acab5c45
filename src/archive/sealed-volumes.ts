/**
 * Opens sealed volumes: whoever reads one reads its plain bytes, as those of any other. A chunk that was changed reads as zeros, so that the
 * checks that every entry is read with name what is damaged, and the rest stays readable.
 */
import type { RandomAccessSource } from './zip/source.js';
import { DamagedArchiveError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import {
  findPayload,
  holdsIdentity,
  openedPayloads,
  type UsualSecrets,
} from '../sealing/key-ring.js';
import { SEALED_CHUNK_BYTES } from '../sealing/payload.js';
import {
  type ChangedBytes,
  type Payload,
  unseal,
  unsealAtOnce,
} from '../sealing/unsealed-source.js';

const LONG_BYTES = 1 << 20;

/** A sealed file as one storage has it. */
export interface SealedPlace {
  /** The storage's identity. */
  readonly storageIdentity: string;
  readonly storedAs: string;
  /** The storage's own. */
  readonly secrets?: UsualSecrets | undefined;
}

/**
 * Opens a sealed file; it is closed with what is returned, or at once where it cannot be opened.
 * @throws {SealedError} where no identity of this process opens it · {DamagedArchiveError} where its ends are not what was sealed
 */
export async function openSealed(
  sealed: RandomAccessSource,
  place: SealedPlace,
): Promise<RandomAccessSource> {
  const key = keyOf(place);
  const known = openedPayloads.get(key);

  try {
    if (known) return await unseal(sealed, known, tell(sealed));

    const payload = await findWithEnd(sealed, place.secrets);
    const opened = await unseal(sealed, payload, tell(sealed));
    openedPayloads.set(key, payload);

    return opened;
  } catch (error) {
    // Another file may have taken its place.
    const isStale = known && error instanceof DamagedArchiveError;
    if (isStale && openedPayloads.delete(key)) return openSealed(sealed, place);

    sealed.close();
    throw error;
  }
}

/** Who waits for the header of a long file waits for its end too, which is read next: neither comes with the other. */
async function findWithEnd(
  sealed: RandomAccessSource,
  secrets: UsualSecrets | undefined,
): Promise<Payload> {
  const { sizeBytes } = sealed;
  const isLong = sizeBytes >= LONG_BYTES && (await holdsIdentity(secrets));
  const end = sizeBytes - SEALED_CHUNK_BYTES;

  const [payload] = await Promise.all([
    findPayload(sealed, secrets),
    isLong ? sealed.hold?.(end, SEALED_CHUNK_BYTES) : undefined,
  ]);

  return payload;
}

/** Opens a sealed file that this process has opened before, or another thread of it. */
export function openSealedAtOnce(
  sealed: RandomAccessSource,
  payload: Payload,
): RandomAccessSource {
  try {
    return unsealAtOnce(sealed, payload, tell(sealed));
  } catch (error) {
    sealed.close();
    throw error;
  }
}

/** Says whether this process has opened a file before. */
export function isPayloadKnown(place: SealedPlace): boolean {
  return openedPayloads.has(keyOf(place));
}

/** What opens a file that this process has opened before. */
export function knownPayload(place: SealedPlace): Payload {
  const payload = openedPayloads.get(keyOf(place));
  if (payload) return payload;

  throw new Error(`${place.storedAs} was not opened before it is read`);
}

function keyOf({ storageIdentity, storedAs }: SealedPlace): string {
  return JSON.stringify([storageIdentity, storedAs]);
}

function tell({ name }: RandomAccessSource): (changed: ChangedBytes) => void {
  return ({ start, end }) => {
    tellStep(`${name}: bytes ${start} to ${end} are not what was sealed`);
  };
}
