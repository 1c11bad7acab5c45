import { crc32 } from 'node:zlib';
import { tellStep } from '../../platform/steps.js';
import { formatTemporaryName, formatVolumeName } from '../names.js';
import {
  type ArchiveProof,
  type Publication,
  type PublicationIssue,
  requireFeature,
  type Storage,
} from '../storage.js';
import { centralHeaderLength } from '../zip/central-headers.js';
import { codec } from '../zip/codec.js';
import { RenamePublication } from './rename-publication.js';
import type { SpaceWatch } from './space-watch.js';
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
  /** What is written from here on may be taken back. */
  #mark: ArchiveMark | undefined;
  /** So many volumes are ended for good. */
  #ended = 0;
  #closing: Promise<void>[] = [];
  readonly #publication: Publication;
  /** Where its volumes are written and proven. */
  readonly storage: Storage;

  constructor(
    target: Storage,
    readonly stem: string,
    private readonly volumeLimitBytes: number,
    private readonly space?: SpaceWatch,
  ) {
    this.#publication =
      target.beginPublication?.(stem) ?? new RenamePublication(target, stem);
    this.storage = this.#publication.workplace;
    requireFeature(this.storage, 'truncates');
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
      this.#advance();
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

    this.#advance();
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
    this.#advance();
  }

  /** From here on `rewind` is possible, until `commit`. */
  mark(): ArchiveMark {
    this.#mark = {
      volume: this.volumes.length - 1,
      mark: this.current.mark(),
    };

    return this.#mark;
  }

  commit(): void {
    this.#mark = undefined;
    this.#advance();
  }

  /** Takes back everything since the mark, whole volumes included. */
  async rewind(to: ArchiveMark): Promise<void> {
    await this.settle();

    for (const volume of this.volumes.splice(to.volume + 1)) {
      volume.abandon();
      await this.storage.remove(volume.storedAs);
    }

    this.current.rewind(to.mark);
    this.#mark = undefined;
  }

  /** Closes every volume; all bytes are on the disk then. */
  async finish(): Promise<void> {
    this.#closing.push(this.current.close(false));
    await this.settle();
    this.#advance();
  }

  /** Starts a new volume if the entries that must end the archive would not fit into this one. */
  makeRoom(localBytes: number, centralBytes: number): void {
    if (!this.current.hasRoomFor(localBytes, centralBytes, 1)) {
      this.#nextVolume();
    }
  }

  /** Gives all volumes their names, by one act of the storage. */
  async publish(
    signal: AbortSignal | undefined,
    proof: ArchiveProof = {},
  ): Promise<readonly PublicationIssue[]> {
    const archive = { ...proof, volumes: this.volumes };

    return this.#publication.publish(archive, signal);
  }

  /** Removes all that was written, under temporary names and, after a failed publish, under final ones. */
  async discard(): Promise<void> {
    await this.settle().catch(() => undefined);
    for (const volume of this.volumes) {
      volume.abandon();
      await this.storage.remove(volume.storedAs);
    }

    await this.#publication.discard();
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

  /** Tells how far each volume is written for good: up to the mark, while there is one. */
  #advance(): void {
    const at = this.#mark?.volume ?? this.volumes.length - 1;

    for (; this.#ended < at; this.#ended++) {
      this.#publication.advance(
        this.#ended,
        this.volumes[this.#ended]?.sizeBytes ?? 0,
        true,
      );
    }

    const { stableBytes, isClosed } = this.volumes[at] ?? this.current;
    const stable = Math.min(stableBytes, this.#mark?.mark.offset ?? Infinity);

    this.#publication.advance(at, stable, isClosed && !this.#mark);
  }

  #openVolume(): void {
    const number = this.volumes.length;
    tellStep(`writing volume ${formatVolumeName(this.stem, number)}`);

    const { storage, volumeLimitBytes, space } = this;
    const name = formatTemporaryName(this.stem, number);

    this.volumes.push(new VolumeFile(storage, name, volumeLimitBytes, space));
  }

  #nextVolume(): void {
    this.space?.look();
    if (this.current.entries === 0) {
      throw new Error('an entry does not fit into an empty volume');
    }

    const closing = this.current.close(this.#mark !== undefined);
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
