import { type Archiver, TarArchive, ZipArchive } from 'archiver';
import { gatherSmallWrites } from './gather-writes.js';
import { Relay, type RelayTarget } from './relay.js';

/** The packed formats. */
export type PackFormat = 'zip' | 'tar' | 'tar.gz';

/** One file or, without bytes, one directory of a pack; names use `/`. */
export interface PackEntry {
  readonly name: string;
  readonly bytes: Buffer | undefined;
  readonly modifiedAt: Date;
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
  target: RelayTarget,
): Promise<void> {
  const relay = new Relay(target);
  try {
    const pack = new Pack(format, relay);
    for await (const entry of entries) await pack.append(entry);
    await pack.finish();
    await relay.finish();
  } finally {
    relay.release();
  }
}

/** One archive being written. Listeners are set once, not for each entry. */
class Pack {
  readonly #archive: Archiver;
  #resolve: (() => void) | undefined;

  constructor(
    private readonly format: PackFormat,
    private readonly relay: Relay,
  ) {
    this.#archive =
      format === 'zip' ? new ZipArchive({ forceLocalTime: true }) : new TarArchive({ gzip: format === 'tar.gz' });
    this.#archive.on('entry', () => this.#resolve?.());
    this.#archive.on('error', (error) => {
      relay.fail(error);
    });
    this.#archive.pipe(relay.input);
  }

  append(entry: PackEntry): Promise<void> {
    const isDirectory = entry.bytes === undefined;
    const isTooEarly = this.format === 'zip' && entry.modifiedAt < FIRST_DOS_TIME;
    const appended = this.relay.orFailure((resolve) => (this.#resolve = resolve));
    if (this.relay.hasFailed) return appended;
    this.#archive.append(entry.bytes ?? Buffer.alloc(0), {
      name: entry.name,
      date: isTooEarly ? FIRST_DOS_TIME : entry.modifiedAt,
      type: isDirectory ? 'directory' : 'file',
      mode: isDirectory ? OWNER_ONLY.directory : OWNER_ONLY.file,
    });
    return appended;
  }

  /** Fulfilled when the last byte has left the archiver. */
  async finish(): Promise<void> {
    if (this.format === 'zip') gatherSmallWrites(this.#archive);
    const left = this.relay.orFailure((resolve) => this.relay.input.once('finish', resolve));
    // Its own promise can stay open for ever after an error.
    this.#archive.finalize().catch((error: unknown) => {
      this.relay.fail(error);
    });
    await left;
  }
}
