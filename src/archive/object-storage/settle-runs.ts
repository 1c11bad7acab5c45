/** What dead runs were doing in a bucket: what they sealed is completed, what they did not is taken back. */
import { FailedError, messageOf } from '../../errors.js';
import type { ObjectStore } from '../../object-store/object-store.js';
import { isRefusal } from '../../object-store/object-store-error.js';
import {
  archiveName,
  firstNames,
  isTemporaryName,
  parseVolumeName,
  stemOfFile,
  stemOfSeal,
} from '../names.js';
import type { Storage } from '../storage.js';
import { recordVerified } from '../verified-record.js';
import type { Bucket } from './bucket.js';
import { readSeal } from './claim-seal.js';
import { completeSealed, type ObjectLock } from './complete-sealed.js';
import {
  type BegunUpload,
  dropJournal,
  type Journal,
  readJournals,
} from './publication-journal.js';
import { removeObjects } from './remove-objects.js';
import { isSealed, type Seal } from './seal.js';
import {
  dropStrayUploads,
  dropUploads,
  findDead,
  listUploads,
} from './stray-uploads.js';

/** What is looked at, and where. */
export interface DeadRuns {
  readonly bucket: Bucket;
  readonly own: Storage;
  readonly workplace: Storage;
  /** Of a seal's time, so that what is completed later is locked as long. */
  readonly lockFrom: (sealedAt: Date) => ObjectLock | undefined;
  readonly now: () => Date;
}

/**
 * Ends what this machine's dead runs began, and completes what any machine sealed. Call it while the lock of this machine is held.
 * @returns a sentence for each archive that was completed, and for each that cannot be
 */
export async function settleRuns(runs: DeadRuns): Promise<string[]> {
  const { bucket, own } = runs;
  await clearWorkplace(runs);

  const store = await bucket.store();
  const told: string[] = [];

  const journals = await readJournals(own);
  for (const journal of journals) {
    told.push(...(await settleJournal(runs, store, journal)));
  }

  const settled = new Set(journals.map(({ stem }) => stem));
  for (const stem of unfinishedSeals(await bucket.list())) {
    if (!settled.has(stem)) {
      told.push(...(await completeLater(runs, store, stem)));
    }
  }

  await dropDead(runs, store);

  return told;
}

async function clearWorkplace({ workplace }: DeadRuns): Promise<void> {
  for (const { name } of await workplace.list(isTemporaryName)) {
    await workplace.remove(name);
  }
}

async function settleJournal(
  runs: DeadRuns,
  store: ObjectStore,
  { stem, act, uploads }: Journal,
): Promise<string[]> {
  const { bucket, own } = runs;
  if (act === 'remove') {
    await removeObjects(bucket, stem);
    await dropJournal(own, stem);

    return [`${archiveName(stem)}, which was being removed, is gone`];
  }

  const seal = await readSeal(store, stem);
  if (act === 'copy' && !seal && (await isAlive(store, stem, uploads))) {
    return [];
  }

  const told = seal ? await completeLater(runs, store, stem) : [];

  await dropUploads(
    store,
    uploads.filter(({ uploadId }) => !isSealed(seal, uploadId)),
  );
  await dropStrayUploads(store, stem, seal);
  await dropJournal(own, stem);

  return told;
}

/** Says whether the server has one of these uploads, so that the next copy can go on with it. */
async function isAlive(
  store: ObjectStore,
  stem: string,
  begun: readonly BegunUpload[],
): Promise<boolean> {
  const there = await listUploads(store, stem);

  return there.some(({ uploadId }) =>
    begun.some((upload) => upload.uploadId === uploadId),
  );
}

/** Archives that are sealed and not visible. */
function unfinishedSeals(
  objects: readonly { readonly key: string }[],
): string[] {
  const keys = new Set(objects.map(({ key }) => key));

  return [...keys]
    .flatMap((key) => stemOfSeal(key) ?? [])
    .filter((stem) => !firstNames(stem).some((name) => keys.has(name)));
}

async function completeLater(
  runs: DeadRuns,
  store: ObjectStore,
  stem: string,
): Promise<string[]> {
  const seal = await readSeal(store, stem);
  if (!seal) return [];

  const name = archiveName(stem);

  try {
    const lock = runs.lockFrom(new Date(seal.sealedAt));
    const issues = await completeSealed(store, seal, lock);
    await recordProof(runs, seal);

    return [
      `${name}, which a run that died had sealed, is complete now`,
      ...issues.map((issue) => `${issue.name} is not locked: ${issue.reason}`),
    ];
  } catch (error) {
    if (!isHopeless(error)) throw error;

    return [`${name} is sealed and cannot be completed: ${messageOf(error)}`];
  }
}

/** Trying again would not help. */
function isHopeless(error: unknown): boolean {
  return (
    error instanceof FailedError ||
    isRefusal(error, 'NoSuchUpload', 'InvalidPart', 'AccessDenied')
  );
}

/** The seal was put when the archive was proven. */
async function recordProof(
  { bucket, own }: DeadRuns,
  { stem, sealedAt, isReadBack, volumes }: Seal,
): Promise<void> {
  if (!isReadBack) return;

  const present = (await bucket.list()).flatMap(
    ({ key }) => parseVolumeName(key)?.stem ?? [],
  );
  const entry = {
    at: sealedAt,
    isSound: true,
    by: 'backup' as const,
    sizeBytes: volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };

  await recordVerified(own, new Map([[stem, entry]]), new Set(present));
}

/** Uploads that are so old that their run is dead, and that no seal names. */
async function dropDead({ now }: DeadRuns, store: ObjectStore): Promise<void> {
  const dead = findDead(await listUploads(store), now());

  for (const upload of dead) {
    const seal = await readSeal(store, stemOfFile(upload.key) ?? '');

    if (!isSealed(seal, upload.uploadId)) await dropUploads(store, [upload]);
  }
}
