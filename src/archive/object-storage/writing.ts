/** What is written to a bucket: whole archives, and nothing in place of anything. */
import { join } from 'node:path';
import { FailedError, UsageError } from '../../errors.js';
import { systemClock } from '../../platform/clock.js';
import type { Storage } from '../storage.js';
import type { Bucket } from './bucket.js';
import type { ObjectLock } from './complete-sealed.js';
import { claimName, findSealedDigest } from './claim-seal.js';
import { ObjectPublication } from './object-publication.js';
import { workplaceWith } from './finished-volumes.js';
import { firstNames, formatSealName } from '../names.js';
import { dropIndexes } from './index-copies.js';
import { ownFiles } from './own-files.js';
import { removeFromBucket } from './remove-objects.js';
import { proveSeal } from './prove-seal.js';
import { readPublicSeal } from './public-seal.js';
import { settleRuns } from './settle-runs.js';

/** The writing side of a storage that is a bucket. */
export type Writing = Pick<
  Storage,
  'features' | 'create' | 'publish' | 'remove' | 'sync' | 'prepare'
> &
  Required<
    Pick<
      Storage,
      | 'beginPublication'
      | 'findSealedDigest'
      | 'readSeal'
      | 'proveSeal'
      | 'settleDeadRuns'
      | 'putOnce'
      | 'removeArchive'
      | 'spool'
    >
  >;

/** An object is there whole or not at all. */
const FEATURES: Writing['features'] = {
  renames: false,
  truncates: false,
  syncs: false,
  rangesAtOnce: true,
};

/** @param own the state directory of the bucket */
export function writingOf(bucket: Bucket, own: Storage): Writing {
  const workplace = ownFiles(join(bucket.place.stateDirectory, 'spool'));
  const now = systemClock;
  const lockFrom = (from: Date): ObjectLock | undefined => lockOf(bucket, from);

  const refuse = (): Promise<never> => {
    return Promise.reject(piecemeal(bucket));
  };

  return {
    features: FEATURES,
    create: () => {
      throw piecemeal(bucket);
    },
    publish: refuse,
    remove: refuse,
    sync: () => Promise.resolve(),
    prepare: () => Promise.resolve(),
    spool: workplace,

    beginPublication: (stem, finished) =>
      new ObjectPublication({
        bucket,
        own,
        workplace: finished
          ? workplaceWith(workplace, stem, finished)
          : workplace,
        stem,
        lock: lockFrom(now()),
        // What is sealed is begun anew, under a key of its own.
        isCopy: finished !== undefined && !bucket.place.recipients,
        keepsIndex: finished === undefined && keepsIndexes(bucket),
        now,
      }),
    ...sealsOf(bucket),
    ...endingOf(bucket, own, () =>
      settleRuns({ bucket, own, workplace, lockFrom, now }),
    ),
  };
}

/** What the seals of archives tell, and what is put beside them. */
function sealsOf(
  bucket: Bucket,
): Pick<Writing, 'findSealedDigest' | 'readSeal' | 'proveSeal' | 'putOnce'> {
  return {
    putOnce: (key, text) => putOnce(bucket, key, text),
    findSealedDigest: async (stem) =>
      findSealedDigest(await bucket.store(), stem),
    readSeal: (stem) => readPublicSeal(bucket, stem),
    proveSeal: (stem, options) => proveSeal(bucket, stem, options),
  };
}

/** What ends dead runs, and archives; no copy of an index outlives its archive. */
function endingOf(
  bucket: Bucket,
  own: Storage,
  settle: () => Promise<string[]>,
): Pick<Writing, 'settleDeadRuns' | 'removeArchive'> {
  return {
    settleDeadRuns: async () => {
      const told = await settle();
      await dropIndexes(
        own,
        async (stem) => !keepsIndexes(bucket) || isGone(bucket, stem),
      );

      return told;
    },
    removeArchive: async (stem) => {
      const place = { bucket, own, now: systemClock };
      const lockedUntil = await removeFromBucket(place, stem);
      if (!lockedUntil) await dropIndexes(own, (kept) => kept === stem);

      return lockedUntil;
    },
  };
}

/** Looks at the archive itself: a list may not have yet what is there. */
async function isGone(bucket: Bucket, stem: string): Promise<boolean> {
  for (const key of [...firstNames(stem), formatSealName(stem)]) {
    if (await bucket.look(key)) return false;
  }

  return true;
}

/** Says whether this machine keeps copies of the indexes of what it seals. */
function keepsIndexes({ place }: Bucket): boolean {
  return place.recipients !== undefined && place.keepsIndexes !== false;
}

async function putOnce(
  bucket: Bucket,
  key: string,
  text: string,
): Promise<boolean> {
  const store = await bucket.store();
  const { claim, cause } = await claimName(store, key, Buffer.from(text), {});
  if (claim !== 'not put') return claim === 'won';

  throw (
    cause ?? new FailedError(`${bucket.pathOf(key)} was put, and is not there`)
  );
}

/** What is put now is locked so long; to the second, as servers keep it. */
function lockOf({ place }: Bucket, from: Date): ObjectLock | undefined {
  if (!place.retention) return undefined;

  const { mode, durationMs } = place.retention;
  const untilMs = from.getTime() + durationMs;

  return { mode, until: new Date(Math.ceil(untilMs / 1000) * 1000) };
}

function piecemeal({ name }: Bucket): Error {
  return new UsageError(`${name} takes whole archives only`, {
    hints: ['Use a directory of a disk or share.'],
  });
}
