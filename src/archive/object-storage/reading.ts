/** What is read of a bucket: its list, its objects, and what can be said of it. */
import { ExitCode, KmsError, NotFoundError } from '../../errors.js';
import type { ObjectFacts } from '../../object-store/object-store.js';
import {
  type CallChannel,
  startAnswering,
} from '../../platform/blocking-calls.js';
import { parseVolumeName } from '../names.js';
import type { Storage, StorageStanding, StoredFile } from '../storage.js';
import type { Bucket } from './bucket.js';
import { lookAtOnce, waitingSource } from './object-source.js';
import { RangeReader } from './range-reader.js';
import { noSuchObject, toReadFailure } from './read-failure.js';

/** The reading side of a storage that is a bucket. */
export type Reading = Pick<
  Storage,
  'place' | 'list' | 'stat' | 'openForRanges' | 'openAtOnce' | 'standing'
>;

/** @param mayBeEmpty says whether a backup is going to make the first archive there */
export function readingOf(bucket: Bucket, mayBeEmpty: () => boolean): Reading {
  const reader = new RangeReader(bucket);
  let started: CallChannel | undefined;

  const channel = (): CallChannel => {
    started ??= startAnswering(
      new URL('./fetch-worker.js', import.meta.url),
      bucket.place,
    );

    return started;
  };

  return {
    get place() {
      return { kind: 'bucket', name: bucket.name, channel: channel() } as const;
    },
    list: (isWanted) => listObjects(bucket, isWanted, mayBeEmpty()),
    stat: async (key) => {
      const facts = await bucket.look(key);
      return facts && toStored(facts);
    },
    openForRanges: async (key, shownAs = key) => {
      const object = bucket.known(key) ?? (await look(bucket, key));
      return waitingSource(object, shownAs, { reader, channel });
    },
    openAtOnce: (key, shownAs = key) => {
      const object = bucket.known(key) ?? lookAtOnce(key, channel());
      return waitingSource(object, shownAs, { reader, channel });
    },
    standing: () => standingOf(bucket),
  };
}

async function look(bucket: Bucket, key: string): Promise<ObjectFacts> {
  const path = bucket.pathOf(key);

  const facts = await bucket.look(key).catch((error: unknown) => {
    throw toReadFailure(error, path);
  });
  if (facts) return facts;

  throw noSuchObject(path);
}

/** Of an archive whose first volume is not there nothing is shown: it is being published, or removed. */
async function listObjects(
  bucket: Bucket,
  isWanted: (name: string) => boolean,
  mayBeEmpty: boolean,
): Promise<StoredFile[]> {
  const objects = await bucket.list();
  // A bucket has no directories: what nothing lies below is not there.
  if (objects.length === 0 && !mayBeEmpty) throw nothingThere(bucket);

  const volumes = objects.map(({ key }) => parseVolumeName(key));
  const whole = new Set(
    volumes.flatMap((name) => (name?.volume === 0 ? [name.stem] : [])),
  );

  return objects
    .filter(({ key }, at) => {
      const stem = volumes[at]?.stem;
      return isWanted(key) && (stem === undefined || whole.has(stem));
    })
    .map(toStored);
}

function nothingThere({ name, place }: Bucket): Error {
  const { prefix } = place.target;
  const fact =
    prefix === ''
      ? `the bucket ${name} is empty`
      : `there is nothing below ${name}`;

  return new NotFoundError(fact, {
    hints: [
      'Look at bucket and prefix; the first backup there needs no more than an empty one.',
    ],
  });
}

/** To the second, as every kind of look tells it. */
function toStored({ key, sizeBytes, mtimeMs }: ObjectFacts): StoredFile {
  return {
    name: key,
    kind: 'file',
    sizeBytes,
    mtimeMs: Math.floor(mtimeMs / 1000) * 1000,
  };
}

async function standingOf(bucket: Bucket): Promise<StorageStanding> {
  try {
    await bucket.list();

    return {
      state: 'there',
      canBeMade: false,
      canBeListed: true,
      canBeRead: true,
      writeFault: undefined,
    };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    const isMissing = error.exitCode === ExitCode.notFound;

    return {
      state: isMissing ? 'missing' : 'there',
      canBeMade: false,
      canBeListed: false,
      canBeRead: false,
      writeFault: error.message,
    };
  }
}
