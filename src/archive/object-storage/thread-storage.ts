/** A bucket in a thread that another one reads for. */
import type { BucketPlace, ReadableStorage } from '../storage.js';
import { lookAtOnce, threadSource } from './object-source.js';

export function threadStorage({ name, channel }: BucketPlace): ReadableStorage {
  return {
    name,
    features: {
      renames: false,
      truncates: false,
      syncs: false,
      rangesAtOnce: true,
    },
    openForRanges: (key, shownAs = key) =>
      new Promise((answer) => {
        answer(threadSource(lookAtOnce(key, channel), shownAs, channel));
      }),
  };
}
