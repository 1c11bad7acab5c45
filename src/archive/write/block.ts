import { crc32 } from 'node:zlib';
import { hasMessageName, holdsMessages } from '../../store/message-file.js';
import type { Codec } from '../zip/codec-types.js';
import {
  headerBytes,
  localHeaderBytes,
  putCentralHeader,
  putLocalHeader,
} from '../zip/put-headers.js';
import {
  type EntryHeader,
  METHOD_DEFLATED,
  METHOD_STORED,
} from '../zip/zip-format.js';
import { BLOCK_BYTES, type BlockSlots, SLOT_BYTES } from './block-slots.js';
import type { BlockMessage } from './pack-tasks.js';
import type { ReadFault } from './read-fault.js';
import type { StableFile } from './stable-read.js';

/** Bytes of UTF-8 that one unit of a string takes at most. */
const LONGEST_UTF8 = 3;

/** Takes a finished block; with it go the buffers whose memory may be handed over. */
export type TellBlock = (block: BlockMessage, transfer: ArrayBuffer[]) => void;

/** What compresses the files, and how much: level 1 to 9. */
export interface Compression {
  readonly codec: Codec;
  readonly level: number;
}

/**
 * The block under construction: headers and data of small files, laid end to end in a slot. It lives from the first file
 * of a task to the last and is handed over whenever it has grown to its size.
 */
export class Block {
  #slot = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #central = Buffer.allocUnsafe(64 << 10);
  #centralAt = 0;
  #messages = 0;
  #sourceBytes = 0;
  #names: string[] = [];
  /** The name of an entry in UTF-8, behind the part that all of its directory have. */
  #name = Buffer.alloc(0);
  #prefixBytes = 0;
  #holdsMessages = false;
  #findFault: () => ReadFault | undefined = () => undefined;
  /** Names of the task that were read and are in no block, and why. */
  readonly dropped = new Map<string, ReadFault>();

  constructor(
    private readonly slots: BlockSlots,
    private readonly compression: Compression,
    private readonly tell: TellBlock,
  ) {}

  /**
   * @param prefix precedes each file's name in its entry's name
   * @param findFault asked whenever files of the task are to be handed over: why they must not be
   */
  begin(prefix: string, findFault: () => ReadFault | undefined): void {
    this.#name = Buffer.from(prefix);
    this.#prefixBytes = this.#name.length;
    this.#holdsMessages = holdsMessages(prefix);
    this.#findFault = findFault;
    this.dropped.clear();
  }

  /**
   * Adds a file that was just read.
   * @param name in its directory
   */
  add(name: string, file: StableFile): void {
    const { data } = file;
    const sizeBytes = data.length;
    const encodedName = this.#encode(name);
    this.#makeRoom(headerBytes(encodedName.length, false) + sizeBytes);

    const dataAt = this.#at + localHeaderBytes(encodedName.length);
    const deflatedBytes = this.#putData(dataAt, data);

    const header = {
      name: encodedName,
      method: deflatedBytes === undefined ? METHOD_STORED : METHOD_DEFLATED,
      crc: crc32(data),
      sizeBytes,
      compressedBytes: deflatedBytes ?? sizeBytes,
      mtimeTicks: file.mtimeTicks,
      mode: file.mode,
    };

    this.#putCentral(header);
    putLocalHeader(this.#bytes, this.#at, header);
    this.#at = dataAt + header.compressedBytes;

    if (this.#holdsMessages && hasMessageName(name)) this.#messages++;
    this.#sourceBytes += sizeBytes;
    this.#names.push(name);

    if (this.#at >= BLOCK_BYTES) this.flush();
  }

  /** The name of a file's entry, good until the next one. */
  #encode(name: string): Buffer {
    const start = this.#prefixBytes;
    const mostBytes = LONGEST_UTF8 * name.length;
    if (start + mostBytes > this.#name.length) this.#growName(mostBytes);

    return this.#name.subarray(0, start + this.#name.write(name, start));
  }

  #growName(moreBytes: number): void {
    this.#name = Buffer.concat([this.#name, Buffer.alloc(moreBytes)]);
  }

  /** Hands the block over, unless its directory is not the one that was listed. */
  flush(): void {
    if (this.#slot < 0) return;

    const fault = this.#findFault();

    if (fault) {
      for (const name of this.#names) this.dropped.set(name, fault);
      this.slots.release(this.#slot);
    } else {
      this.#handOver();
    }

    this.#slot = -1;
    this.#names = [];
    this.#at = 0;
    this.#centralAt = 0;
    this.#messages = 0;
    this.#sourceBytes = 0;
  }

  #handOver(): void {
    const central = Uint8Array.prototype.slice.call(
      this.#central,
      0,
      this.#centralAt,
    );

    const message: BlockMessage = {
      slot: this.#slot,
      lengthBytes: this.#at,
      crc: crc32(this.#bytes.subarray(0, this.#at)),
      central,
      entries: this.#names.length,
      messages: this.#messages,
      sourceBytes: this.#sourceBytes,
    };

    this.tell(message, [central.buffer]);
  }

  /** A slot with room for one more entry; it waits for a free one. */
  #makeRoom(bytes: number): void {
    if (this.#slot >= 0 && this.#at + bytes > SLOT_BYTES) this.flush();
    if (this.#slot >= 0) return;

    this.#slot = this.slots.take();
    this.#bytes = this.slots.bytes(this.#slot);
  }

  /** Deflates a file into the block; undefined where it is stored, because it does not get smaller. */
  #putData(at: number, data: Buffer): number | undefined {
    const room = this.#bytes.subarray(at, at + Math.max(0, data.length - 1));

    const { codec, level } = this.compression;
    const deflatedBytes = codec.deflate(data, room, { kind: 'file', level });

    if (deflatedBytes === undefined) this.#bytes.set(data, at);

    return deflatedBytes;
  }

  #putCentral(header: EntryHeader): void {
    const needed = headerBytes(header.name.length, false);
    if (this.#centralAt + needed > this.#central.length) {
      this.#growCentral(header.name.length);
    }

    this.#centralAt = putCentralHeader(
      this.#central,
      this.#centralAt,
      header,
      this.#at,
    );
  }

  #growCentral(nameBytes: number): void {
    const larger = Buffer.allocUnsafe(this.#central.length * 2 + nameBytes);
    this.#central.copy(larger);
    this.#central = larger;
  }
}
