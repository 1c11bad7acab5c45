/** Sends the volumes of one archive while they are written: parts follow behind what will not change any more. */
import { closeSync, openSync } from 'node:fs';
import type {
  ObjectStore,
  UploadOptions,
  UploadPart,
} from '../../object-store/object-store.js';
import type { Recipients } from '../../sealing/age-headers.js';
import { Sealer } from '../../sealing/sealer.js';
import { fillAside } from '../local-file.js';
import { PartCutter } from './part-cutter.js';
import { PART_BYTES, PartLanes } from './part-lanes.js';
import type { BegunUpload } from './publication-journal.js';
import { md5, VolumeTally } from './volume-tally.js';

/** What takes the parts of files: an object store, or the directory that they are files of. */
export type PartSink = Pick<ObjectStore, 'beginUpload' | 'putPart' | 'close'>;

/** What the uploads depend on. */
export interface UploadSettings<Sink extends PartSink> {
  /** The file that a volume is written to. */
  readonly pathOf: (volume: number) => string;
  readonly keyOf: (volume: number) => string;
  /** Opens a store that is used for nothing else. */
  readonly open: () => Promise<Sink>;
  readonly options: UploadOptions;
  /** Those whom the volumes are sealed for; undefined: they are sent as they are. */
  readonly recipients: Recipients | undefined;
  /** Told of every upload before anything is sent to it. */
  readonly onBegin: (upload: BegunUpload) => Promise<void>;
  /** The upload of a key that an earlier run began and nobody ended; undefined: there is none. */
  readonly takeUp: (
    store: Sink,
    key: string,
  ) => Promise<TakenUpload | undefined>;
}

/** An upload that is gone on with, and the parts that the server has of it. */
export interface TakenUpload {
  readonly uploadId: string;
  readonly parts: readonly UploadPart[];
}

/** What is read and sealed without giving up the thread's turn. */
const SEALED_AT_ONCE_BYTES = 1 << 20;

/** A volume that is being sent. */
interface SentFile {
  readonly number: number;
  readonly path: string;
  readonly fd: number;
  readonly tally: VolumeTally;
}

/** Sends the next part, which lies at the beginning of that memory. */
type Send = (memory: Buffer, length: number) => void;

interface Progress {
  readonly stableBytes: number;
  readonly isClosed: boolean;
}

export class VolumeUploads<Sink extends PartSink> {
  readonly #progress: Progress[] = [];
  readonly #lanes = new PartLanes();
  #store: Sink | undefined;
  #failure: Error | undefined;
  /** Known when all are written. */
  #volumes = Infinity;
  #running: Promise<VolumeTally[]> | undefined;
  #wake: () => void = () => undefined;

  constructor(private readonly settings: UploadSettings<Sink>) {}

  /** Says that a volume is written so far. @throws {Error} what has failed since */
  advance(volume: number, stableBytes: number, isClosed: boolean): void {
    if (this.#failure) throw this.#failure;

    this.#progress[volume] = { stableBytes, isClosed };
    void this.#run();
    this.#wake();
  }

  /** Waits until all volumes are sent. @throws {Error} what failed, or the signal's reason as soon as it aborts */
  async finish(
    volumes: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly VolumeTally[]> {
    this.#volumes = volumes;
    const stop = (): void => {
      this.#fail(signal?.reason);
    };

    signal?.addEventListener('abort', stop);

    try {
      signal?.throwIfAborted();
      const running = this.#run();
      this.#wake();

      return await running;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Ends what is under way: nothing is sent any more when this returns. */
  async stop(): Promise<void> {
    this.#fail(new Error('sending was stopped'));
    await this.#running?.catch(() => undefined);
  }

  #fail(reason: unknown): void {
    this.#failure ??=
      reason instanceof Error ? reason : new Error(String(reason));
    this.#store?.close();
    this.#wake();
  }

  #run(): Promise<VolumeTally[]> {
    if (!this.#running) {
      this.#running = this.#sendAll();
      // A failure is told to whoever waits, or by `advance`.
      this.#running.catch(() => undefined);
    }

    return this.#running;
  }

  /** Volume by volume, so that there are never more parts under way than there is memory for. */
  async #sendAll(): Promise<VolumeTally[]> {
    const tallies: VolumeTally[] = [];

    try {
      const store = await this.settings.open();
      this.#store = store;

      while ((await this.#nextLength(tallies.length, 0)) > 0) {
        tallies.push(await this.#sendVolume(store, tallies.length));
      }

      await this.#lanes.settle();

      return tallies;
    } catch (error) {
      this.#fail(error);
      await this.#lanes.settle().catch(() => undefined);
      throw this.#failure ?? error;
    } finally {
      this.#store?.close();
    }
  }

  async #sendVolume(store: Sink, number: number): Promise<VolumeTally> {
    const { keyOf, pathOf, recipients } = this.settings;
    const key = keyOf(number);
    const { uploadId, parts } = await this.#begin(store, key);

    const tally = new VolumeTally(key, uploadId);
    const path = pathOf(number);
    const file = { number, path, fd: openSync(path, 'r'), tally };
    const send = (memory: Buffer, length: number): void => {
      const bytes = memory.subarray(0, length);
      const part = tally.add(bytes);

      this.#lanes.send(memory, async () => {
        const there = findPart(parts, part, bytes);
        const sent = there ?? (await store.putPart(key, uploadId, part, bytes));
        tally.confirm(sent, bytes);
      });
    };

    try {
      if (recipients) await this.#sendSealed(file, recipients, send);
      else await this.#sendPlain(file, send);

      return tally;
    } finally {
      closeSync(file.fd);
    }
  }

  async #begin(store: Sink, key: string): Promise<TakenUpload> {
    const { options, onBegin, takeUp } = this.settings;
    const earlier = await takeUp(store, key);
    if (earlier) return earlier;

    const uploadId = await store.beginUpload(key, options);
    await onBegin({ key, uploadId });

    return { uploadId, parts: [] };
  }

  async #sendPlain(file: SentFile, send: Send): Promise<void> {
    const { number, tally } = file;

    for (;;) {
      const length = await this.#nextLength(number, tally.writtenBytes);
      if (length === 0) return;

      const memory = await this.#lanes.take();
      const bytes = memory.subarray(0, length);
      await fillAside(file, bytes, tally.writtenBytes);
      tally.count(bytes);
      send(memory, length);
    }
  }

  /** Under a key of its own: what is begun anew is another upload, and sealed anew. */
  async #sendSealed(
    file: SentFile,
    recipients: Recipients,
    send: Send,
  ): Promise<void> {
    const { number, tally } = file;
    const sealer = await Sealer.for(recipients);
    const parts = new PartCutter(this.#lanes, send);
    const piece = Buffer.allocUnsafeSlow(SEALED_AT_ONCE_BYTES);
    await parts.add(sealer.head);

    for (;;) {
      const length = await this.#nextLength(number, tally.writtenBytes);
      if (length === 0) break;

      const bytes = piece.subarray(0, Math.min(length, piece.length));
      await fillAside(file, bytes, tally.writtenBytes);
      tally.count(bytes);
      await parts.add(sealer.push(bytes));
    }

    await parts.add(sealer.end());
    parts.end();
  }

  /** The length of the part at an offset, as soon as it can be sent; 0 behind the last one, and where there is no such volume. */
  async #nextLength(volume: number, offset: number): Promise<number> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      if (volume >= this.#volumes) return 0;

      const { stableBytes = 0, isClosed = false } =
        this.#progress[volume] ?? {};
      const length = Math.min(stableBytes - offset, PART_BYTES);
      if (isClosed || length === PART_BYTES) return length;

      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }
}

/** The part of this number, where the server has these bytes of it. */
function findPart(
  parts: readonly UploadPart[],
  number: number,
  bytes: Buffer,
): UploadPart | undefined {
  const part = parts.find((one) => one.number === number);
  const isSame = part?.sizeBytes === bytes.length && part.etag === md5(bytes);

  return isSame ? part : undefined;
}
