import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { type Archiver, ZipArchive } from 'archiver';
import { gatherSmallWrites } from './gather-writes.js';
import type { PackEntry } from './pack-entry.js';
import { Relay, type RelayTarget } from './relay.js';
import { formatTarEntry, TAR_END } from './tar-entry.js';
import { addZipTimes } from './zip-times.js';

/** The packed formats. */
export type PackFormat = 'zip' | 'tar' | 'tar.gz';

/** The range of DOS times (APPNOTE 4.4.6) as archiver writes them: years before it wrap by 128, and later ones become 2043. */
const FIRST_DOS_TIME = new Date(1980, 0, 1);
const OWNER_ONLY = { file: 0o600, directory: 0o700 };

/**
 * Packs entries as they come into one zip, tar or gzipped tar. The next entry is only asked for once the previous
 * one is written, so memory holds one message and a zip's list of names.
 * @throws {Error} the stream's or the source's own; also when the reader of a pipe ends or the disk is full,
 * where archiver by itself would wait forever
 */
export async function packArchive(
  format: PackFormat,
  entries: AsyncIterable<PackEntry>,
  target: RelayTarget,
): Promise<void> {
  const relay = new Relay(target);
  try {
    const pack =
      format === 'zip'
        ? new ZipPack(relay)
        : new TarPack(relay, format === 'tar.gz');

    for await (const entry of entries) await pack.append(entry);
    await pack.finish();
    await relay.finish();
  } finally {
    relay.release();
  }
}

/** One tar being written. */
class TarPack {
  readonly #stream: Writable;

  constructor(
    private readonly relay: Relay,
    isCompressed: boolean,
  ) {
    if (!isCompressed) {
      this.#stream = relay.input;
      return;
    }

    const gzip = createGzip();
    gzip.pipe(relay.input);
    this.#stream = gzip;
  }

  async append(entry: PackEntry): Promise<void> {
    for (const piece of formatTarEntry(entry)) await this.#write(piece);
  }

  /** Fulfilled when the relay has the last byte. */
  async finish(): Promise<void> {
    await this.#write(TAR_END);
    await this.relay.orFailure((resolve) => {
      this.relay.input.once('finish', resolve);
      this.#stream.end();
    });
  }

  #write(piece: Buffer): Promise<void> {
    return this.relay.orFailure((resolve) => {
      if (this.#stream.write(piece)) resolve();
      else this.#stream.once('drain', resolve);
    });
  }
}

/** One zip being written. Listeners are set once, not for each entry. */
class ZipPack {
  readonly #archive: Archiver = new ZipArchive({ forceLocalTime: true });
  #resolve: (() => void) | undefined;
  #modifiedAt = FIRST_DOS_TIME;

  constructor(private readonly relay: Relay) {
    this.#archive.on('entry', () => this.#resolve?.());
    this.#archive.on('error', (error) => {
      relay.fail(error);
    });
    addZipTimes(this.#archive, () => this.#modifiedAt);
    this.#archive.pipe(relay.input);
  }

  append({ name, bytes, modifiedAt }: PackEntry): Promise<void> {
    const isDirectory = bytes === undefined;
    this.#modifiedAt = modifiedAt;

    const appended = this.relay.orFailure(
      (resolve) => (this.#resolve = resolve),
    );
    if (this.relay.hasFailed) return appended;

    this.#archive.append(bytes ?? Buffer.alloc(0), {
      name,
      date: modifiedAt < FIRST_DOS_TIME ? FIRST_DOS_TIME : modifiedAt,
      type: isDirectory ? 'directory' : 'file',
      mode: isDirectory ? OWNER_ONLY.directory : OWNER_ONLY.file,
    });

    return appended;
  }

  /** Fulfilled when the last byte has left the archiver. */
  async finish(): Promise<void> {
    gatherSmallWrites(this.#archive);

    const left = this.relay.orFailure((resolve) =>
      this.relay.input.once('finish', resolve),
    );
    // Its own promise can stay open for ever after an error.
    this.#archive.finalize().catch((error: unknown) => {
      this.relay.fail(error);
    });
    await left;
  }
}
