/** One archive on its way into a bucket: sent while it is written, sealed when it is proven, and then completed. */
import { randomUUID } from 'node:crypto';
import { FailedError, messageOf } from '../../errors.js';
import type { ObjectStore } from '../../object-store/object-store.js';
import { isRefusal } from '../../object-store/object-store-error.js';
import { tellStep } from '../../platform/steps.js';
import {
  archiveName,
  formatSealedName,
  formatTemporaryIndexName,
} from '../names.js';
import { combineDigests } from '../combine-digests.js';
import type {
  Publication,
  PublicationIssue,
  Storage,
  WrittenArchive,
  WrittenFile,
} from '../storage.js';
import type { Bucket } from './bucket.js';
import {
  claimSeal,
  isRefused,
  lostRace,
  raceOr,
  readSeal,
} from './claim-seal.js';
import { completeSealed, type ObjectLock } from './complete-sealed.js';
import {
  type BegunUpload,
  dropJournal,
  uploadsOfCopy,
  writeJournal,
} from './publication-journal.js';
import type { Seal } from './seal.js';
import { dropIndexes, dropOlderIndexes, keepIndex } from './index-copies.js';
import { leaveToNextRun } from './leave-to-next-run.js';
import { tryIndex } from './try-index.js';
import { proveSent } from './prove-sent.js';
import { namesOfUpload, typeOf, type UploadNames } from './upload-names.js';
import { dropStrayUploads, dropUploads } from './stray-uploads.js';
import type { VolumeTally } from './volume-tally.js';
import { type TakenUpload, VolumeUploads } from './volume-uploads.js';

/** What a publication depends on. */
export interface PublicationSettings {
  readonly bucket: Bucket;
  /** The state directory of the bucket. */
  readonly own: Storage;
  readonly workplace: Storage;
  readonly stem: string;
  readonly lock: ObjectLock | undefined;
  /** True where its volumes lie finished and are sent as they are: what was sent of them when a run fails, the next one need not send. */
  readonly isCopy: boolean;
  /** True where this machine keeps a copy of the index. */
  readonly keepsIndex: boolean;
  readonly now: () => Date;
}

/** How far it has come: what is sealed is not taken back any more. */
type Phase = 'sending' | 'sealing' | 'sealed';

export class ObjectPublication implements Publication {
  readonly workplace: Storage;
  readonly #run = randomUUID();
  readonly #begun: BegunUpload[] = [];
  readonly #uploads: VolumeUploads<ObjectStore>;
  /** The index is sent behind the volumes, as one more. */
  #indexNumber: number | undefined;
  #phase: Phase = 'sending';

  constructor(private readonly settings: PublicationSettings) {
    const { bucket, workplace, lock } = settings;
    const { recipients } = bucket.place;

    this.workplace = workplace;
    this.#uploads = new VolumeUploads({
      pathOf: (number) => workplace.pathOf(this.#namesOf(number).storedAs),
      keyOf: (number) => {
        const { key } = this.#namesOf(number);
        return recipients ? formatSealedName(key) : key;
      },
      recipients,
      open: async () => {
        await this.#findEarlier();
        await this.#note();

        return bucket.another();
      },
      options: lock ? { lock } : {},
      onBegin: async (upload) => {
        this.#begun.push(upload);
        await this.#note();
      },
      takeUp: (store, key) => this.#takeUp(store, key),
    });
  }

  advance(volume: number, stableBytes: number, isClosed: boolean): void {
    this.#uploads.advance(volume, stableBytes, isClosed);
  }

  /** Up to the seal nothing can be seen, and from the seal on any later run completes it. */
  async publish(
    archive: WrittenArchive,
    signal: AbortSignal | undefined,
  ): Promise<readonly PublicationIssue[]> {
    const store = await this.settings.bucket.store();
    const sent = await this.#send(store, archive, signal);

    signal?.throwIfAborted();
    const seal = this.#sealOf(archive, sent);
    await keepIndex(this.settings, seal);
    await this.#claim(store, seal);
    const issues = await this.#complete(store, seal);
    await this.#tidy(store, seal);

    return issues;
  }

  /** What is sealed, or may be, is left to the next run, and so is what cannot be taken back now, and what was sent of a copy. */
  async discard(): Promise<void> {
    const { bucket, own, stem, isCopy } = this.settings;
    await this.#uploads.stop();
    if (this.#phase !== 'sending' || isCopy) return;

    await leaveToNextRun(bucket.name, async () => {
      const store = await bucket.store();
      await this.#removeIndex();
      await dropIndexes(own, (kept) => kept === stem);
      await dropUploads(store, this.#begun);
      // One that began and lost its answer is known to the server alone.
      await dropStrayUploads(store, stem, await readSeal(store, stem));
      await dropJournal(own, stem);
    });
  }

  /** What a copy that died or failed has begun is gone on with. */
  async #findEarlier(): Promise<void> {
    const { own, stem, isCopy } = this.settings;
    if (isCopy) this.#begun.push(...(await uploadsOfCopy(own, stem)));
  }

  async #takeUp(
    store: ObjectStore,
    key: string,
  ): Promise<TakenUpload | undefined> {
    const at = this.#begun.findIndex((upload) => upload.key === key);
    const uploadId = this.#begun[at]?.uploadId;
    if (uploadId === undefined) return undefined;

    try {
      return { uploadId, parts: await store.listParts(key, uploadId) };
    } catch (error) {
      if (!isRefusal(error, 'NoSuchUpload')) throw error;

      this.#begun.splice(at, 1);

      return undefined;
    }
  }

  /** Writes down which archive is begun, and which uploads. */
  #note(): Promise<void> {
    const { own, stem, isCopy } = this.settings;

    return writeJournal(own, {
      stem,
      act: isCopy ? 'copy' : 'publish',
      run: this.#run,
      uploads: this.#begun,
    });
  }

  /** All of it is there when this returns, and cannot be seen. */
  async #send(
    store: ObjectStore,
    archive: WrittenArchive,
    signal: AbortSignal | undefined,
  ): Promise<readonly VolumeTally[]> {
    try {
      const written = [...archive.volumes, ...(await this.#addIndex(archive))];
      const sent = await this.#uploads.finish(written.length, signal);

      for (const [number, file] of written.entries()) {
        await proveSent(store, file, sent[number], signal);
      }

      return sent;
    } catch (error) {
      throw await raceOr(store, this.settings.stem, error);
    }
  }

  /** Begins to send the index. */
  async #addIndex(archive: WrittenArchive): Promise<readonly WrittenFile[]> {
    const { workplace, stem } = this.settings;
    const index = await tryIndex(archive, workplace, stem);
    if (!index) return [];

    this.#indexNumber = archive.volumes.length;
    this.#uploads.advance(this.#indexNumber, index.sizeBytes, true);

    return [index];
  }

  #namesOf(number: number): UploadNames {
    const what = number === this.#indexNumber ? 'index' : number;

    return namesOfUpload(this.settings.stem, what);
  }

  #sealOf(
    { volumes, base, facts, isReadBack = false }: WrittenArchive,
    sent: readonly VolumeTally[],
  ): Seal {
    const { stem, now } = this.settings;
    const sealed = sent.map((tally) => tally.seal());

    return {
      stem,
      type: typeOf(stem),
      run: this.#run,
      digest: combineDigests(
        volumes.map(({ directoryDigest }) => directoryDigest),
      ),
      base,
      sealedAt: now().toISOString(),
      isReadBack,
      volumes: sealed.slice(0, volumes.length),
      index: sealed[volumes.length],
      facts,
    };
  }

  /** Takes the archive's name. Where nobody can tell whether it is taken, the next run finds out. */
  async #claim(store: ObjectStore, seal: Seal): Promise<void> {
    const { lock } = this.settings;
    tellStep(`sealing ${archiveName(seal.stem)}`);

    this.#phase = 'sealing';
    const { claim, cause } = await claimSeal(store, seal, lock ? { lock } : {});

    if (claim === 'won') {
      this.#phase = 'sealed';
      return;
    }

    if (claim === 'lost' || isRefused(cause)) this.#phase = 'sending';
    if (claim === 'lost') throw lostRace(store.name, seal.stem);

    throw (
      cause ??
      new FailedError(`the seal was put in ${store.name}, and is not there`)
    );
  }

  async #complete(
    store: ObjectStore,
    seal: Seal,
  ): Promise<readonly PublicationIssue[]> {
    try {
      return await completeSealed(store, seal, this.settings.lock);
    } catch (error) {
      throw new FailedError(
        `${archiveName(seal.stem)} is sealed in ${store.name}, and not complete yet: ${messageOf(error)}`,
        {
          hints: [
            'All of its data is there, unseen; the next backup completes it.',
            'Earlier archives are untouched.',
          ],
          cause: error,
        },
      );
    }
  }

  /** The archive stands, whatever becomes of this. */
  async #tidy(store: ObjectStore, seal: Seal): Promise<void> {
    const { bucket, own, stem } = this.settings;

    await leaveToNextRun(bucket.name, async () => {
      await dropStrayUploads(store, stem, seal);
      await dropJournal(own, stem);
      await dropOlderIndexes(own, seal);
      await this.#clearWorkplace(seal.volumes.length);
    });
  }

  async #clearWorkplace(volumes: number): Promise<void> {
    for (let volume = 0; volume < volumes; volume++) {
      await this.workplace.remove(this.#namesOf(volume).storedAs);
    }

    await this.#removeIndex();
  }

  #removeIndex(): Promise<void> {
    return this.workplace.remove(formatTemporaryIndexName(this.settings.stem));
  }
}
