/**
 * The place of archives: bytes under names, and nothing of what is in them. `local-storage.ts` is a directory of a disk;
 * another kind of storage is another implementation of `Storage` and a line in `storages.ts`.
 */
import type { Lock, LockOptions, LockSighting } from '../platform/lock.js';
import type { CallChannel } from '../platform/blocking-calls.js';
import type { Clock } from '../platform/clock.js';
import type { DiskSpace } from '../platform/disk-space.js';
import type { OwnFile } from '../platform/own-file.js';
import { UsageError } from '../errors.js';
import type { UsualSecrets } from '../sealing/key-ring.js';
import type { PublicFacts, ReadFacts } from './public-facts.js';
import type { RandomAccessSource } from './zip/source.js';

/** The file under a name. */
export interface StoredFile {
  readonly name: string;
  /** Only a file holds bytes; `other` is a pipe, a device or a link that leads nowhere. */
  readonly kind: 'file' | 'directory' | 'other';
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** The features that a storage may lack. Whoever needs a feature says so with `requireFeature`. */
export interface StorageFeatures {
  /** A file gets its final name in one step, so that a name means a whole file. */
  readonly renames: boolean;
  /** True where the bytes that were written last can be taken back. */
  readonly truncates: boolean;
  /** `close` and `sync` return when a power cut can no longer take away what they are about. */
  readonly syncs: boolean;
  /** `readInto` of an open file is there: a thread reads without giving up its turn. */
  readonly rangesAtOnce: boolean;
}

/** Plain data from which another thread opens the same storage. */
export type StoragePlace = LocalPlace | BucketPlace;

interface LocalPlace {
  readonly kind: 'local';
  /** Absolute. */
  readonly directory: string;
}

/** A bucket, which one thread reads for all others. */
export interface BucketPlace {
  readonly kind: 'bucket';
  readonly name: string;
  readonly channel: CallChannel;
}

/** The part of a storage that another thread opens. */
export type ReadableStorage = Pick<
  Storage,
  'name' | 'features' | 'openForRanges'
>;

/** A file that is being written. It has its name from the start, and is worth something after `close`. */
export interface StorageWriter {
  /** Writes all of `bytes`, which are not used any more when this returns. */
  write(bytes: Uint8Array, position: number): void;
  /** Takes back all from this length on; a closed file is opened again. */
  truncate(lengthBytes: number): void;
  /**
   * Begins to make durable what was written, and does not wait. What fails then fails again in `close`.
   * @returns false where that was begun before and goes on
   */
  flush(): boolean;
  /** Makes all of it durable. */
  close(): Promise<void>;
  /** Closes without finishing; the caller removes the file. */
  abandon(): void;
}

/** A file as it was written. */
export interface WrittenFile {
  readonly sizeBytes: number;
  /** CRC-32 of all of it, out of the checksums that were taken before its pieces were written. */
  crc(): number;
}

export interface WrittenVolume extends WrittenFile {
  /** SHA-256 of its central directory, hexadecimal. */
  readonly directoryDigest: string;
}

/** What anybody may know of an archive, as its run has sealed it. */
export interface PublicSeal {
  /** SHA-256 over those of the volumes' central directories. */
  readonly digest: string;
  readonly sealedAt: Date;
  /** Every written byte had been read again. */
  readonly isReadBack: boolean;
  /** Each volume as it is stored. */
  readonly volumes: readonly {
    readonly key: string;
    readonly sizeBytes: number;
  }[];
  /** Undefined in seals of earlier versions. */
  readonly facts: PublicFacts | undefined;
}

export interface SealProofOptions {
  /** Every byte is read, not only asked about. */
  readonly readsAll: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** Whether the volumes of an archive are those that were sealed. */
export interface SealProof extends Pick<PublicSeal, 'sealedAt' | 'isReadBack'> {
  /** The volumes that are not. */
  readonly faults: readonly { readonly key: string; readonly reason: string }[];
}

/** What the volumes of an archive do not say of it. */
export interface ArchiveProof {
  /** The full that a differential is measured against. */
  readonly base?: { readonly stem: string; readonly digest: string };
  /** Every written byte was read again. */
  readonly isReadBack?: boolean;
  /** What it says of itself, as the reader has read it. */
  readonly facts?: ReadFacts;
  /** Makes its index where its volumes lie; a storage that needs none does not ask for it. */
  readonly makeIndex?: (
    workplace: Storage,
    stem: string,
    volumes: readonly Pick<WrittenFile, 'sizeBytes'>[],
  ) => Promise<WrittenFile>;
}

/** An archive whose volumes are written and proven, and have no names yet. */
export interface WrittenArchive extends ArchiveProof {
  readonly volumes: readonly WrittenVolume[];
}

/** The volumes of an archive that lie finished in another storage, in their order. */
export interface FinishedVolumes {
  readonly storage: Storage;
  readonly names: readonly string[];
}

/** A file of a published archive that is not kept as it was asked for. */
export interface PublicationIssue {
  readonly name: string;
  readonly reason: string;
}

/** One archive on its way into a storage: its volumes are written and proven apart, and get their names by one act. */
export interface Publication {
  /** Where its volumes lie under temporary names until then. */
  readonly workplace: Storage;
  /**
   * Says that what lies before `stableBytes` of a volume will not change any more, so that it may be sent ahead.
   * @throws {Error} what has failed meanwhile
   */
  advance(volume: number, stableBytes: number, isClosed: boolean): void;
  /**
   * Gives all volumes their names, the first one last: its name means that the archive is complete.
   * @throws {Error} the signal's reason as soon as it aborts
   */
  publish(
    archive: WrittenArchive,
    signal: AbortSignal | undefined,
  ): Promise<readonly PublicationIssue[]>;
  /** Takes back what is not published; the caller removes the volumes from the workplace. */
  discard(): Promise<void>;
}

/** The lock whose holder alone may write, rotate or remove. */
export interface StorageLock {
  /** @throws {LockedError} when somebody else holds it after `waitMs` */
  take(options: Omit<LockOptions, 'path' | 'what'>): Promise<Lock>;
  /** The holder; undefined where it is free. Takes nothing. */
  sight(clock: Clock): LockSighting | undefined;
  /** @throws {LockedError} when somebody holds it; takes nothing */
  refuseWhileHeld(): void;
}

/** The things that can be done with a storage, found out without changing anything. */
export interface StorageStanding {
  readonly state: 'there' | 'missing' | 'a file';
  /** For a missing one: true where a backup could make it. */
  readonly canBeMade: boolean;
  readonly canBeListed: boolean;
  readonly canBeRead: boolean;
  /** Why nothing can be written there: `permission denied`. */
  readonly writeFault: string | undefined;
}

/**
 * A place for archives. Names have no directories in them. Every method throws the operating system's error, or one of
 * `errors.ts` where that is said; nothing is tried again unless that is said.
 */
export interface Storage {
  /** Its name in messages and reports: the directory's path. */
  readonly name: string;
  /** Equal for two objects that reach the same files in the same way. */
  readonly identity: string;
  readonly features: StorageFeatures;
  /** Undefined where no other thread can open it: all of it is read in the thread that has it. */
  readonly place: StoragePlace | undefined;
  /** The directory of this machine that it lies in, undefined where it lies elsewhere: no backup holds what is below it. */
  readonly localDirectory: string | undefined;
  readonly lock: StorageLock;
  /** Archives that are published here are sealed, and lie under sealed names. */
  readonly isSealing?: boolean | undefined;
  /** The files that open its sealed archives, where no others are named. */
  readonly secrets?: UsualSecrets | undefined;

  /** The name of one of its files in messages: the path. */
  pathOf(name: string): string;

  /**
   * The files under the names that are wanted; others are not looked at.
   * @throws {NotFoundError} when there is no such storage
   */
  list(isWanted: (name: string) => boolean): Promise<StoredFile[]>;
  /** Undefined where nothing has that name. */
  stat(name: string): Promise<StoredFile | undefined>;

  /** Opens a file to be read from anywhere; the caller closes it. @param shownAs what messages call it */
  openForRanges(name: string, shownAs?: string): Promise<RandomAccessSource>;
  /** The same without waiting, where the storage has `rangesAtOnce`. */
  openAtOnce(name: string, shownAs?: string): RandomAccessSource;

  /** @throws {Error} EEXIST where something has that name */
  create(name: string): StorageWriter;
  /**
   * Gives a closed file its final name, in place of what has it. A file that another program holds is waited for.
   * @throws {Error} the signal's reason as soon as it aborts
   */
  publish(
    name: string,
    finalName: string,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /**
   * Publishes an archive otherwise than by renaming what was written there; undefined where that is enough.
   * @param finished its volumes, where they are not written any more but sent from there; undefined: they are written now. What a
   * dead run sent of finished volumes is not sent again.
   */
  beginPublication?(stem: string, finished?: FinishedVolumes): Publication;
  /**
   * The digest of an archive as it was proven when it was published, where every volume is still that, by what the server says of
   * it: nothing is read. Undefined where it is not, or was not proven.
   */
  findSealedDigest?(stem: string): Promise<string | undefined>;
  /** The public seal of an archive; undefined where there is none. */
  readSeal?(stem: string): Promise<PublicSeal | undefined>;
  /** Compares the volumes of an archive with its public seal, without opening them; undefined where there is none. */
  proveSeal?(
    stem: string,
    options: SealProofOptions,
  ): Promise<SealProof | undefined>;
  /**
   * Completes or takes back what dead runs were publishing, and knows more of them than the names of files. Call it while the
   * lock is held. @returns a sentence for each
   */
  settleDeadRuns?(): Promise<readonly string[]>;
  /**
   * Removes an archive of which more is stored than its volumes.
   * @returns until when it is locked and stays; undefined where it is gone
   */
  removeArchive?(stem: string): Promise<Date | undefined>;
  /**
   * Puts a small file that belongs to an archive under a name that nothing has; undefined where `replaceRecord` puts it there.
   * @returns false where something has the name
   */
  putOnce?(name: string, text: string): Promise<boolean>;
  /** Removes a file; one that is not there is removed. */
  remove(name: string): Promise<void>;
  /** Makes durable which names there are. */
  sync(): Promise<void>;

  /** A small JSON file of our own. @param parse its value, undefined where it is not what we write */
  readRecord<T>(
    name: string,
    parse: (json: unknown) => T | undefined,
  ): Promise<OwnFile<T>>;
  /** Replaces such a file as a whole: a crash leaves the old or the new one. */
  replaceRecord(name: string, text: string): Promise<void>;

  /** Undefined where nobody can tell. */
  freeSpace(): Promise<DiskSpace | undefined>;
  /** Where volumes are written on this machine before they are sent; undefined: they are written where they stay. */
  readonly spool?: Pick<Storage, 'name' | 'freeSpace' | 'localDirectory'>;
  /**
   * Makes sure that it is there and can be written.
   * @throws {NotFoundError} when it is missing and may not be made · {UsageError} when it is a file
   */
  prepare(mayCreate: boolean): Promise<void>;
  standing(): Promise<StorageStanding>;
}

const FEATURE_WORDS: Readonly<Record<keyof StorageFeatures, string>> = {
  renames: 'rename files',
  truncates: 'take back what was written',
  syncs: 'make durable what was written',
  rangesAtOnce: 'read without waiting',
};

/** @throws {UsageError} where a storage cannot do what a command needs */
export function requireFeature(
  { name, features }: Pick<Storage, 'name' | 'features'>,
  feature: keyof StorageFeatures,
): void {
  if (features[feature]) return;

  throw new UsageError(`${name} cannot ${FEATURE_WORDS[feature]}`, {
    hints: ['Use a directory of a disk or share.'],
  });
}
