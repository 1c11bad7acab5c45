/** Archives in a bucket of an object store that speaks S3. */
import type { DiskSpace } from '../../platform/disk-space.js';
import type { OwnFile } from '../../platform/own-file.js';
import type {
  FinishedVolumes,
  Publication,
  PublicSeal,
  SealProof,
  SealProofOptions,
  Storage,
  StoredFile,
} from '../storage.js';
import { Bucket, type BucketTarget } from './bucket.js';
import { isOwnName, ownFiles } from './own-files.js';
import { type Reading, readingOf } from './reading.js';
import { type Writing, writingOf } from './writing.js';

/** Nothing is asked of the server before it is needed. */
export function objectStorage(place: BucketTarget): Storage {
  return new ObjectStorage(place);
}

class ObjectStorage implements Storage {
  readonly name: string;
  readonly identity: string;
  readonly localDirectory = undefined;
  readonly #bucket: Bucket;
  readonly #own: Storage;
  readonly #reading: Reading;
  readonly #writing: Writing;
  #isPrepared = false;

  constructor(place: BucketTarget) {
    this.#bucket = new Bucket(place);
    this.#own = ownFiles(place.stateDirectory);
    this.#reading = readingOf(this.#bucket, () => this.#isPrepared);
    this.#writing = writingOf(this.#bucket, this.#own);
    this.name = this.#bucket.name;
    this.identity = `${place.target.endpoint ?? ''} ${this.name}`;
  }

  get features(): Storage['features'] {
    return this.#writing.features;
  }

  get place(): Storage['place'] {
    return this.#reading.place;
  }

  get isSealing(): boolean {
    return this.#bucket.place.recipients !== undefined;
  }

  get secrets(): Storage['secrets'] {
    return this.#bucket.place;
  }

  get spool(): Writing['spool'] {
    return this.#writing.spool;
  }

  get lock(): Storage['lock'] {
    return this.#own.lock;
  }

  pathOf(name: string): string {
    return isOwnName(name) ? this.#own.pathOf(name) : this.#bucket.pathOf(name);
  }

  async list(isWanted: (name: string) => boolean): Promise<StoredFile[]> {
    const own = await this.#own.list(
      (name) => isOwnName(name) && isWanted(name),
    );

    return [...own, ...(await this.#reading.list(isWanted))];
  }

  stat(name: string): ReturnType<Storage['stat']> {
    return this.#readerOf(name).stat(name);
  }

  openForRanges(
    name: string,
    shownAs?: string,
  ): ReturnType<Storage['openForRanges']> {
    return this.#readerOf(name).openForRanges(name, shownAs);
  }

  openAtOnce(
    name: string,
    shownAs?: string,
  ): ReturnType<Storage['openAtOnce']> {
    return this.#readerOf(name).openAtOnce(name, shownAs);
  }

  create(name: string): ReturnType<Storage['create']> {
    return this.#writerOf(name).create(name);
  }

  publish(
    name: string,
    finalName: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return this.#writerOf(name).publish(name, finalName, signal);
  }

  beginPublication(stem: string, finished?: FinishedVolumes): Publication {
    return this.#writing.beginPublication(stem, finished);
  }

  findSealedDigest(stem: string): Promise<string | undefined> {
    return this.#writing.findSealedDigest(stem);
  }

  readSeal(stem: string): Promise<PublicSeal | undefined> {
    return this.#writing.readSeal(stem);
  }

  proveSeal(
    stem: string,
    options: SealProofOptions,
  ): Promise<SealProof | undefined> {
    return this.#writing.proveSeal(stem, options);
  }

  settleDeadRuns(): Promise<readonly string[]> {
    return this.#writing.settleDeadRuns();
  }

  removeArchive(stem: string): Promise<Date | undefined> {
    return this.#writing.removeArchive(stem);
  }

  putOnce(name: string, text: string): Promise<boolean> {
    return this.#writing.putOnce(name, text);
  }

  remove(name: string): Promise<void> {
    return this.#writerOf(name).remove(name);
  }

  sync(): Promise<void> {
    return this.#writing.sync();
  }

  readRecord<T>(
    name: string,
    parse: (json: unknown) => T | undefined,
  ): Promise<OwnFile<T>> {
    return this.#own.readRecord(name, parse);
  }

  replaceRecord(name: string, text: string): Promise<void> {
    return this.#own.replaceRecord(name, text);
  }

  freeSpace(): Promise<DiskSpace | undefined> {
    return Promise.resolve(undefined);
  }

  async prepare(mayCreate: boolean): Promise<void> {
    await this.#writing.prepare(mayCreate);
    this.#isPrepared = true;
  }

  standing(): ReturnType<Storage['standing']> {
    return this.#reading.standing();
  }

  #readerOf(name: string): Storage | Reading {
    return isOwnName(name) ? this.#own : this.#reading;
  }

  #writerOf(name: string): Storage | Writing {
    return isOwnName(name) ? this.#own : this.#writing;
  }
}
