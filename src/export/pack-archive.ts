import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Archiver, TarArchive, ZipArchive } from 'archiver';
import { gatherSmallWrites } from './gather-writes.js';

/** The packed formats. */
export type PackFormat = 'zip' | 'tar' | 'tar.gz';

/** One file or, without bytes, one directory of a pack; names use `/`. */
export interface PackEntry {
  readonly name: string;
  readonly bytes: Buffer | undefined;
  readonly modifiedAt: Date;
}

/** Where a pack goes; `endsStream` is false for standard output. */
export interface PackTarget {
  readonly stream: Writable;
  readonly endsStream: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** DOS times start here (APPNOTE 4.4.6); archiver would write a year modulo 128 for anything earlier. */
const FIRST_DOS_TIME = new Date(1980, 0, 1);
const OWNER_ONLY = { file: 0o600, directory: 0o700 };

/**
 * Packs entries as they come into one zip, tar or gzipped tar. The next entry is only asked for once the previous
 * one is written, so memory holds one message and the archive's list of names.
 * @throws {Error} the stream's or the source's own; also when the reader of a pipe ends or the disk is full,
 * where archiver by itself would wait forever
 */
export async function packArchive(
  format: PackFormat,
  entries: AsyncIterable<PackEntry>,
  target: PackTarget,
): Promise<void> {
  const pack = new Pack(format, target);
  try {
    for await (const entry of entries) await pack.append(entry);
  } catch (error) {
    throw await pack.giveUp(error);
  }
  await pack.finish();
}

/** One archive being written, and whoever waits for its next step. Listeners are set once, not for each entry. */
class Pack {
  readonly #archive: Archiver;
  readonly #written: Promise<void>;
  #failure: Error | undefined;
  #waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(
    private readonly format: PackFormat,
    { stream, endsStream, signal }: PackTarget,
  ) {
    this.#archive =
      format === 'zip' ? new ZipArchive({ forceLocalTime: true }) : new TarArchive({ gzip: format === 'tar.gz' });
    this.#archive.on('entry', () => {
      this.#waiting?.resolve();
    });
    const fail = (error: Error): void => {
      this.#fail(error);
    };
    this.#archive.once('error', fail);
    stream.once('error', fail);
    this.#written = pipeline(this.#archive, stream, { end: endsStream, ...(signal && { signal }) });
    this.#written.catch(fail).finally(() => stream.off('error', fail));
  }

  append(entry: PackEntry): Promise<void> {
    const isDirectory = entry.bytes === undefined;
    const isTooEarly = this.format === 'zip' && entry.modifiedAt < FIRST_DOS_TIME;
    const appended = this.#nextStep();
    if (this.#failure) return appended;
    this.#archive.append(entry.bytes ?? Buffer.alloc(0), {
      name: entry.name,
      date: isTooEarly ? FIRST_DOS_TIME : entry.modifiedAt,
      type: isDirectory ? 'directory' : 'file',
      mode: isDirectory ? OWNER_ONLY.directory : OWNER_ONLY.file,
    });
    return appended;
  }

  async finish(): Promise<void> {
    if (this.format === 'zip') gatherSmallWrites(this.#archive);
    // Its promise can stay open for ever after an error; the pipeline's end is what counts.
    this.#archive.finalize().catch((error: unknown) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
    await this.#written;
  }

  /** Stops everything and returns the error that was first: what follows it is only the noise of stopping. */
  async giveUp(error: unknown): Promise<unknown> {
    const cause = this.#failure ?? error;
    this.#archive.destroy(error instanceof Error ? error : new Error(String(error)));
    await this.#written.catch(() => undefined);
    return cause;
  }

  #nextStep(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#failure) reject(this.#failure);
    });
  }

  /** Aborts at once: an entry that still waits in the queue would throw where nobody can catch it. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#archive.abort();
    this.#waiting?.reject(this.#failure);
  }
}
