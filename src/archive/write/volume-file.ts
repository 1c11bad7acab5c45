import type { SpaceWatch } from './space-watch.js';
import { type FolderRun, runsOfPieces } from '../folder-index.js';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Storage, StorageWriter, WrittenVolume } from '../storage.js';
import { CentralBytes } from './central-bytes.js';
import { centralHeaderLength } from '../zip/central-headers.js';
import type { WrittenBlock } from './pack-tasks.js';
import { combineCrc32 } from '../zip/crc32.js';
import { formatEndRecord } from '../zip/put-headers.js';
import {
  CENTRAL_OFFSET_FIELD,
  END_BYTES,
  MAX_CENTRAL_DIRECTORY_BYTES,
  MAX_VOLUME_ENTRIES,
} from '../zip/zip-format.js';

/** Dirty data is sent to the disk while the processors work, so that the last sync is short. */
const WRITE_BEHIND_BYTES = 64 << 20;

/** The state of a volume to go back to. */
export interface VolumeMark {
  readonly offset: number;
  readonly centralBytes: number;
  readonly entries: number;
  readonly blocks: number;
}

/**
 * One volume while it is written under its temporary name: entries are appended, `close` lays the central directory and
 * syncs. An abort anywhere leaves a `.part` file that the next run sweeps.
 */
export class VolumeFile implements WrittenVolume {
  readonly blocks: WrittenBlock[] = [];
  /** SHA-256 of the central directory, hexadecimal; known when closed. */
  directoryDigest = '';
  readonly #file: StorageWriter;
  #offset = 0;
  readonly #central = new CentralBytes();
  #entries = 0;
  #unsyncedBytes = 0;
  #isClosed = false;
  /** Where room is left for a local header that is not there yet. */
  #reservedAt: number | undefined;
  #folders: FolderRun[] | undefined;

  /** @param storedAs what its storage calls it until it is published */
  constructor(
    storage: Storage,
    readonly storedAs: string,
    private readonly limitBytes: number,
    private readonly space?: SpaceWatch,
  ) {
    this.#file = storage.create(storedAs);
  }

  get entries(): number {
    return this.#entries;
  }

  get sizeBytes(): number {
    return this.#offset;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The bytes that stay as they are, unless the volume is rewound. */
  get stableBytes(): number {
    return this.#reservedAt ?? this.#offset;
  }

  /** The folders that its records belong to, in their order; undefined where a name is out of the ordinary. */
  get folders(): FolderRun[] | undefined {
    return this.#isClosed
      ? this.#folders
      : runsOfPieces(this.#central.pieces());
  }

  /** Says whether local records and central headers of these lengths still fit, with the end record. */
  hasRoomFor(
    localBytes: number,
    centralBytes: number,
    entries: number,
  ): boolean {
    return (
      this.#entries + entries <= MAX_VOLUME_ENTRIES &&
      this.#central.length + centralBytes <= MAX_CENTRAL_DIRECTORY_BYTES &&
      this.#offset +
        localBytes +
        this.#central.length +
        centralBytes +
        END_BYTES <=
        this.limitBytes
    );
  }

  /** Appends whole entries. `central` holds offsets counted from `origin`; they are moved to where the entries lie. */
  // eslint-disable-next-line max-params -- what a block is made of
  append(
    bytes: Uint8Array,
    crc: number,
    central: Buffer,
    entries: number,
    origin = 0,
  ): void {
    for (
      let at = 0;
      at < central.length;
      at += centralHeaderLength(central, at)
    ) {
      const field = at + CENTRAL_OFFSET_FIELD;
      central.writeUInt32LE(
        central.readUInt32LE(field) - origin + this.#offset,
        field,
      );
    }

    this.write(bytes, crc);
    this.addCentral(central, entries);
  }

  /** Appends bytes whose checksum is known. */
  write(bytes: Uint8Array, crc: number): void {
    this.space?.writes(bytes.length);
    this.#file.write(bytes, this.#offset);
    this.blocks.push({
      offsetBytes: this.#offset,
      lengthBytes: bytes.length,
      crc,
    });
    this.#offset += bytes.length;
    this.#unsyncedBytes += bytes.length;
    if (this.#unsyncedBytes >= WRITE_BEHIND_BYTES && this.#file.flush()) {
      this.#unsyncedBytes = 0;
    }
  }

  /** Leaves room for a local header whose values are not known yet; returns where it goes. */
  reserve(bytes: number): number {
    const at = this.#offset;
    this.#reservedAt = at;
    this.#offset += bytes;
    return at;
  }

  fillReserved(at: number, bytes: Uint8Array): void {
    this.#file.write(bytes, at);
    this.#reservedAt = undefined;
    this.blocks.push({
      offsetBytes: at,
      lengthBytes: bytes.length,
      crc: crc32(bytes),
    });
  }

  addCentral(central: Uint8Array, entries: number): void {
    this.#central.add(central);
    this.#entries += entries;
  }

  mark(): VolumeMark {
    return {
      offset: this.#offset,
      centralBytes: this.#central.length,
      entries: this.#entries,
      blocks: this.blocks.length,
    };
  }

  /** Forgets everything after a mark; a closed volume is opened again, if `close` was told to keep what that needs. */
  rewind(mark: VolumeMark): void {
    this.#file.truncate(mark.offset);
    this.#isClosed = false;
    this.#reservedAt = undefined;
    this.#offset = mark.offset;
    this.#central.cut(mark.centralBytes);
    this.#entries = mark.entries;
    this.blocks.length = mark.blocks;
  }

  /** Lays the central directory and the end record, syncs and closes. */
  async close(keepForRewind: boolean): Promise<void> {
    const directoryOffset = this.#offset;
    const hash = createHash('sha256');

    for (const piece of this.#central.pieces()) {
      hash.update(piece);
      this.write(piece, crc32(piece));
    }

    this.directoryDigest = hash.digest('hex');
    this.#folders = runsOfPieces(this.#central.pieces());

    const end = formatEndRecord(
      this.#entries,
      this.#central.length,
      directoryOffset,
    );

    this.write(end, crc32(end));
    this.#isClosed = true;
    if (!keepForRewind) this.#central.cut(0);

    await this.#file.close();
  }

  /** CRC-32 of the whole volume, from those of its blocks. */
  crc(): number {
    const inOrder = [...this.blocks].sort(
      (a, b) => a.offsetBytes - b.offsetBytes,
    );

    return inOrder.reduce(
      (crc, block) => combineCrc32(crc, block.crc, block.lengthBytes),
      0,
    );
  }

  /** Closes without finishing; the caller removes the file. */
  abandon(): void {
    this.#file.abandon();
  }
}
