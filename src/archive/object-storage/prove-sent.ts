/** Comparing what was sent to a bucket with what was written. */
import { FailedError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/object-store.js';
import type { WrittenFile } from '../storage.js';
import type { VolumeTally } from './volume-tally.js';

/**
 * What was sent is what was written, and the server has all of it.
 * @throws {FailedError} where it is not
 */
export async function proveSent(
  store: ObjectStore,
  written: WrittenFile,
  sent: VolumeTally | undefined,
): Promise<void> {
  if (sent?.writtenBytes !== written.sizeBytes || sent.crc !== written.crc()) {
    throw notAsSent(
      `${sent?.key ?? 'a volume'} was read otherwise than written`,
    );
  }

  const there = await store.listParts(sent.key, sent.uploadId);
  const isWhole =
    there.length === sent.parts.length &&
    there.every(({ etag, sizeBytes }, index) => {
      const part = sent.parts[index];
      return part?.etag === etag && part.sizeBytes === sizeBytes;
    });

  if (!isWhole) {
    throw notAsSent(`${store.name} has not all parts of ${sent.key}`);
  }
}

function notAsSent(fact: string): FailedError {
  return new FailedError(fact, {
    hints: [
      'Nothing was published; earlier archives are untouched.',
      'Run the backup again.',
    ],
  });
}
