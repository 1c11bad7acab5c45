import { crc32 } from 'node:zlib';
import { errnoOf } from '../../errors.js';
import { isHeldCode } from '../../platform/patience.js';
import { tellStep } from '../../platform/steps.js';
import { toSystemError } from '../../platform/system-error.js';
import { formatTemporaryName, formatVolumeName } from '../names.js';
import { requireFeature, type Storage } from '../storage.js';
import { centralHeaderLength } from '../zip/central-headers.js';
import { codec } from '../zip/codec.js';
import { VolumeFile, type VolumeMark } from './volume-file.js';
import {
  headerBytes,
  localHeaderBytes,
  putCentralHeader,
  putLocalHeader,
} from '../zip/put-headers.js';
import {
  CENTRAL_OFFSET_FIELD,
  type EntryHeader,
  METHOD_DEFLATED,
  METHOD_STORED,
} from '../zip/zip-format.js';

/** The end of an archive at one moment, to which the writer can go back. */
export interface ArchiveMark {
  readonly volume: number;
  readonly mark: VolumeMark;
}

/** The facts of an entry whose bytes are at hand. */
export interface SmallEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mtimeTicks: bigint;
  readonly mode: number;
}

/**
 * Writes the volumes of one archive under temporary names and publishes them together. Until `publish` has renamed the
 * first volume nobody takes the archive for complete; `discard` removes everything that was written.
 */
export class ArchiveWriter {
  readonly volumes: VolumeFile[] = [];
  #keepsForRewind = false;
  #closing: Promise<void>[] = [];
  readonly #published: string[] = [];

  constructor(
    readonly storage: Storage,
    readonly stem: string,
    private readonly volumeLimitBytes: number,
  ) {
    requireFeature(storage, 'renames');
    requireFeature(storage, 'truncates');
    this.#openVolume();
  }

  get current(): VolumeFile {
    const last = this.volumes.at(-1);
    if (!last) throw new Error('an archive has at least one volume');
    return last;
  }

  get entries(): number {
    return this.volumes.reduce((sum, volume) => sum + volume.entries, 0);
  }

  get sizeBytes(): number {
    return this.volumes.reduce((sum, volume) => sum + volume.sizeBytes, 0);
  }

  /** Adds whole entries, in as many volumes as they need. The bytes are not used any more when this returns. */
  addBlock(bytes: Buffer, crc: number, central: Buffer, entries: number): void {
    if (this.current.hasRoomFor(bytes.length, central.length, entries)) {
      this.current.append(bytes, crc, central, entries);
      return;
    }

    let [from, centralFrom] = [0, 0];
    while (centralFrom < central.length) {
      const fit = this.#measureFit(bytes.length, central, from, centralFrom);
      if (fit.entries > 0) {
        const piece = bytes.subarray(from, fit.end);
        this.current.append(
          piece,
          crc32(piece),
          central.subarray(centralFrom, fit.centralEnd),
          fit.entries,
          from,
        );
        [from, centralFrom] = [fit.end, fit.centralEnd];
      }

      if (centralFrom < central.length) this.#nextVolume();
    }
  }

  /** Adds one entry that is known whole: a text of ours, an empty directory. */
  addSmall(entry: SmallEntry): void {
    const name = Buffer.from(entry.name, 'utf8');
    const room = Buffer.allocUnsafeSlow(entry.bytes.length);
    const deflatedBytes = codec.deflate(entry.bytes, room, { kind: 'text' });
    const isDeflated = deflatedBytes !== undefined;
    const data = isDeflated ? room.subarray(0, deflatedBytes) : entry.bytes;

    const header: EntryHeader = {
      name,
      method: isDeflated ? METHOD_DEFLATED : METHOD_STORED,
      crc: crc32(entry.bytes),
      sizeBytes: entry.bytes.length,
      compressedBytes: data.length,
      mtimeTicks: entry.mtimeTicks,
      mode: entry.mode,
    };

    const bytes = Buffer.alloc(localHeaderBytes(name.length) + data.length);
    const central = Buffer.alloc(headerBytes(name.length, false));

    bytes.set(data, putLocalHeader(bytes, 0, header));
    this.addBlock(
      bytes,
      crc32(bytes),
      central.subarray(0, putCentralHeader(central, 0, header, 0)),
      1,
    );
  }

  /** Begins an entry whose data follow by `current.write`; returns where its local header will go. */
  beginEntry(name: string, largestDataBytes: number): number {
    const nameBytes = Buffer.byteLength(name);
    const local = localHeaderBytes(nameBytes);
    const central = headerBytes(nameBytes, true) - local;
    if (!this.current.hasRoomFor(local + largestDataBytes, central, 1)) {
      this.#nextVolume();
    }

    return this.current.reserve(local);
  }

  endEntry(headerAt: number, header: EntryHeader): void {
    const local = Buffer.alloc(localHeaderBytes(header.name.length));
    putLocalHeader(local, 0, header);
    this.current.fillReserved(headerAt, local);

    const central = Buffer.alloc(headerBytes(header.name.length, true));
    this.current.addCentral(
      central.subarray(0, putCentralHeader(central, 0, header, headerAt)),
      1,
    );
  }

  /** From here on `rewind` is possible, until `commit`. */
  mark(): ArchiveMark {
    this.#keepsForRewind = true;
    return { volume: this.volumes.length - 1, mark: this.current.mark() };
  }

  commit(): void {
    this.#keepsForRewind = false;
  }

  /** Takes back everything since the mark, whole volumes included. */
  async rewind(to: ArchiveMark): Promise<void> {
    await this.settle();

    for (const volume of this.volumes.splice(to.volume + 1)) {
      volume.abandon();
      await this.storage.remove(volume.storedAs);
    }

    this.current.rewind(to.mark);
    this.#keepsForRewind = false;
  }

  /** Closes every volume; all bytes are on the disk then. */
  async finish(): Promise<void> {
    this.#closing.push(this.current.close(false));
    await this.settle();
  }

  /** Starts a new volume if the entries that must end the archive would not fit into this one. */
  makeRoom(localBytes: number, centralBytes: number): void {
    if (!this.current.hasRoomFor(localBytes, centralBytes, 1)) {
      this.#nextVolume();
    }
  }

  /**
   * Gives all volumes their names, the first one last: its name means that the archive is complete. An abort between
   * two renames leaves volumes without a first one, which no command takes for an archive and the next run sweeps.
   * @throws {FailedError} when a volume cannot be renamed, or a minute long another program holds it
   */
  async publish(signal: AbortSignal | undefined): Promise<void> {
    for (let index = this.volumes.length - 1; index >= 0; index--) {
      const temporaryName = formatTemporaryName(this.stem, index);
      const finalName = formatVolumeName(this.stem, index);

      await this.storage
        .publish(temporaryName, finalName, signal)
        .catch((error: unknown) => {
          throw toRenameError(finalName, error);
        });
      this.#published.push(finalName);

      // The other names are durable before the one that vouches for them.
      if (index <= 1) await this.storage.sync();
    }
  }

  /** Removes all that was written, under temporary names and, after a failed publish, under final ones. */
  async discard(): Promise<void> {
    await this.settle().catch(() => undefined);
    for (const volume of this.volumes) {
      volume.abandon();
      await this.storage.remove(volume.storedAs);
    }

    for (const name of this.#published) await this.storage.remove(name);
  }

  /** Waits until every volume that was ended is on the disk. */
  async settle(): Promise<void> {
    const closing = this.#closing;
    this.#closing = [];
    const failed = (await Promise.allSettled(closing)).find(
      (result) => result.status === 'rejected',
    );
    if (failed) throw failed.reason;
  }

  #openVolume(): void {
    const number = this.volumes.length;
    tellStep(`writing volume ${formatVolumeName(this.stem, number)}`);

    this.volumes.push(
      new VolumeFile(
        this.storage,
        formatTemporaryName(this.stem, number),
        this.volumeLimitBytes,
      ),
    );
  }

  #nextVolume(): void {
    if (this.current.entries === 0) {
      throw new Error('an entry does not fit into an empty volume');
    }

    const closing = this.current.close(this.#keepsForRewind);
    closing.catch(() => undefined); // settle() tells
    this.#closing.push(closing);
    this.#openVolume();
  }

  /** Counts the entries of a block, from one on, that fit into the current volume. */
  #measureFit(
    blockBytes: number,
    central: Buffer,
    from: number,
    centralFrom: number,
  ): { entries: number; end: number; centralEnd: number } {
    let fit = { entries: 0, end: from, centralEnd: centralFrom };
    for (let at = centralFrom; at < central.length;) {
      const centralEnd = at + centralHeaderLength(central, at);
      const end =
        centralEnd < central.length
          ? central.readUInt32LE(centralEnd + CENTRAL_OFFSET_FIELD)
          : blockBytes;

      if (
        !this.current.hasRoomFor(
          end - from,
          centralEnd - centralFrom,
          fit.entries + 1,
        )
      ) {
        return fit;
      }

      fit = { entries: fit.entries + 1, end, centralEnd };
      at = centralEnd;
    }

    return fit;
  }
}

function toRenameError(name: string, error: unknown): unknown {
  const scanner =
    'Look which program has files of the backup directory open, a virus scanner for instance, and tell it to leave them.';
  const held = isHeldCode(errnoOf(error) ?? '') ? [scanner] : [];

  const hints = [
    ...held,
    'Nothing was published; earlier archives are untouched.',
  ];

  return (
    toSystemError(error, { fact: `${name} cannot be given its name`, hints }) ??
    error
  );
}
