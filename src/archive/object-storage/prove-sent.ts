/** Comparing what was sent to a bucket with what was written. */
import { FailedError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/object-store.js';
import { pause, pausesMs } from '../../platform/patience.js';
import { tellStep } from '../../platform/steps.js';
import type { WrittenFile } from '../storage.js';
import type { VolumeTally } from './volume-tally.js';

/** Swift brings a list that a part did not reach up to date every five minutes. */
const LISTING_LAGS_MS = 330_000;

/**
 * What was sent is what was written, and the server has all of it.
 * @throws {FailedError} where it is not, or the signal's reason as soon as it aborts
 */
export async function proveSent(
  store: ObjectStore,
  written: WrittenFile,
  sent: VolumeTally | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  refuseOtherThanWritten(written, sent);

  // The list of a server under load may lag behind what it has.
  for (const pauseMs of pausesMs(LISTING_LAGS_MS)) {
    if (await hasAllParts(store, sent)) return;

    tellStep(`waiting for ${store.name} to list all parts of ${sent.key}`);
    await pause(pauseMs, signal);
  }

  if (await hasAllParts(store, sent)) return;

  throw notAsSent(`${store.name} has not all parts of ${sent.key}`);
}

/** @throws {FailedError} where what was read of a volume, to be sent or sealed, is not what was written */
export function refuseOtherThanWritten(
  written: WrittenFile,
  sent: VolumeTally | undefined,
): asserts sent {
  if (sent?.writtenBytes === written.sizeBytes && sent.crc === written.crc()) {
    return;
  }

  throw notAsSent(`${sent?.key ?? 'a volume'} was read otherwise than written`);
}

async function hasAllParts(
  store: ObjectStore,
  { key, uploadId, parts }: VolumeTally,
): Promise<boolean> {
  const there = await store.listParts(key, uploadId);

  return (
    there.length === parts.length &&
    there.every(({ etag, sizeBytes }, index) => {
      const part = parts[index];
      return part?.etag === etag && part.sizeBytes === sizeBytes;
    })
  );
}

function notAsSent(fact: string): FailedError {
  return new FailedError(fact, {
    hints: [
      'Nothing was published; earlier archives are untouched.',
      'Run the backup again.',
    ],
  });
}
