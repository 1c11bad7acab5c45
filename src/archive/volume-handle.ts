/** Opens the volumes of a thread's tasks. */
import { UsageError } from '../errors.js';
import { openVolumeFile, type VolumeFileInfo } from './backup-directory.js';
import { isSealedName } from './names.js';
import {
  isPayloadKnown,
  knownPayload,
  openSealed,
  openSealedAtOnce,
} from './sealed-volumes.js';
import type { Payload } from '../sealing/unsealed-source.js';
import { requireFeature, type Storage, type StoragePlace } from './storage.js';
import { openStorage } from './storages.js';
import type { RandomAccessSource } from './zip/source.js';

/** A volume as a task names it: in a storage of this thread, or in one that every thread can open. */
export interface VolumePlace {
  readonly storage: Storage | StoragePlace;
  /** Its name in the storage. */
  readonly storedAs: string;
  /** Its name in messages. */
  readonly name: string;
  /** What opens a sealed one. */
  readonly payload?: Payload | undefined;
}

/** Says whether other threads can have the storage of a volume. */
export function canThreadsRead({ storage }: VolumeFileInfo): boolean {
  return storage.place !== undefined;
}

/**
 * Opens sealed volumes that nobody has opened yet, because an index has answered for them: threads are given what opens them.
 * @throws {SealedError} where no identity of this process does
 */
export async function openSealsOf(
  volumes: readonly VolumeFileInfo[],
): Promise<void> {
  for (const { storage, storedAs, name } of volumes) {
    const isNew = isSealedName(storedAs) && !isOpened({ storage, storedAs });
    if (isNew) (await openPlace({ storage, storedAs, name })).close();
  }
}

function isOpened({
  storage,
  storedAs,
}: Pick<VolumeFileInfo, 'storage' | 'storedAs'>): boolean {
  return isPayloadKnown({ storageIdentity: storage.identity, storedAs });
}

/** The volume for any thread, of what was opened; undefined where only this one has its storage. */
export function placeOfVolume({
  storage,
  storedAs,
  name,
}: VolumePlace & { readonly storage: Storage }): VolumePlace | undefined {
  const { place, identity: storageIdentity } = storage;
  if (!place || !isSealedName(storedAs)) {
    return place && { storage: place, storedAs, name };
  }

  return {
    storage: place,
    storedAs,
    name,
    payload: knownPayload({ storageIdentity, storedAs }),
  };
}

/** @throws {UsageError} where only this thread has its storage */
export function placeForThreads(volume: VolumeFileInfo): VolumePlace {
  const place = placeOfVolume(volume);
  if (place) return place;

  throw new UsageError(
    `${volume.storage.name} cannot be read by several threads`,
    { hints: ['Use a directory of a disk or share.'] },
  );
}

/** Opens a volume whose entries are read by this thread, which does not wait. The caller closes it. */
export async function openAtOnce(
  volume: VolumeFileInfo,
): Promise<RandomAccessSource> {
  requireFeature(volume.storage, 'rangesAtOnce');

  // Entries lie in the volume alone.
  return openVolumeFile({ ...volume, opener: undefined });
}

/** The same of a task's volume. */
export async function openPlace(
  place: VolumePlace,
): Promise<RandomAccessSource> {
  const { storage, storedAs, name, payload } = place;
  const opened = 'kind' in storage ? openStorage(storage) : storage;
  requireFeature(opened, 'rangesAtOnce');

  const source = await opened.openForRanges(storedAs, name);
  if (!isSealedName(storedAs)) return source;
  if (payload) return openSealedAtOnce(source, payload);
  // Another thread is given it with the task.
  if ('kind' in storage) throw new Error(`no task opens ${storedAs}`);

  const { identity: storageIdentity, secrets } = storage;

  return openSealed(source, { storageIdentity, storedAs, secrets });
}

/** One open volume at a time: tasks come volume by volume. In a worker it ends with the thread. */
export class VolumeHandle {
  #open:
    | { readonly place: VolumePlace; readonly source: RandomAccessSource }
    | undefined;

  /** @throws {Error} the operating system's, when the volume cannot be opened */
  async open(place: VolumePlace): Promise<RandomAccessSource> {
    if (!this.#open || !isSame(this.#open.place, place)) {
      this.close();
      this.#open = { place, source: await openPlace(place) };
    }

    return this.#open.source;
  }

  close(): void {
    this.#open?.source.close();
    this.#open = undefined;
  }
}

function isSame(a: VolumePlace, b: VolumePlace): boolean {
  return (
    a.storedAs === b.storedAs && identityOf(a.storage) === identityOf(b.storage)
  );
}

function identityOf(storage: Storage | StoragePlace): string {
  if (!('kind' in storage)) return storage.identity;

  return storage.kind === 'local' ? storage.directory : storage.channel;
}
