/** The zip file that an index is: entries of deflated blocks, one behind the other, made piece by piece. */
import { crc32 } from 'node:zlib';
import { codec } from '../zip/codec.js';
import {
  formatEndRecord,
  headerBytes,
  localHeaderBytes,
  putCentralHeader,
  putLocalHeader,
} from '../zip/put-headers.js';
import { type EntryHeader, METHOD_DEFLATED } from '../zip/zip-format.js';
import { BLOCK_BYTES } from './index-table.js';

/** A higher one makes nothing of central directories smaller. */
const LEVEL = 1;
const NOTHING = Buffer.alloc(0);
/** A file that its owner reads and writes. */
const MODE = 0o100600;

/** The blocks of an entry, which together are one deflate stream. */
export class Blocks {
  readonly bytes: Buffer[] = [];
  readonly crcs: number[] = [];
  crc = 0;
  sizeBytes = 0;

  /** @param bytes whole blocks, but for the last @param isEnd they are the last of the entry */
  addAll(bytes: Buffer, isEnd: boolean): this {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      const end = at + BLOCK_BYTES;
      this.#add(bytes.subarray(at, end), isEnd && end >= bytes.length);
    }

    return this;
  }

  #add(block: Buffer, isLast: boolean): void {
    const room = Buffer.allocUnsafe(codec.deflateBound(block.length));

    // No block refers to the one before it, so each can be inflated alone.
    const length = codec.deflate(block, room, {
      kind: 'chunk',
      level: LEVEL,
      before: NOTHING,
      isLast,
    });
    if (length === undefined) throw new Error('a block does not fit');

    this.bytes.push(Buffer.from(room.subarray(0, length)));
    this.crcs.push(crc32(block));
    this.crc = crc32(block, this.crc);
    this.sizeBytes += block.length;
  }
}

export class IndexZip {
  readonly #central: Buffer[] = [];
  #length = 0;

  constructor(private readonly mtimeTicks: bigint) {}

  /** The pieces of an entry, and where its first block lies. */
  add(
    name: string,
    blocks: Blocks,
  ): { readonly pieces: readonly Buffer[]; readonly at: number } {
    const header = this.#headerOf(name, blocks);
    const local = Buffer.alloc(localHeaderBytes(header.name.length));
    putLocalHeader(local, 0, header);

    const central = Buffer.alloc(headerBytes(header.name.length, false));
    const end = putCentralHeader(central, 0, header, this.#length);
    this.#central.push(central.subarray(0, end));

    const at = this.#length + local.length;
    this.#length = at + header.compressedBytes;

    return { pieces: [local, ...blocks.bytes], at };
  }

  /** The central directory and the end record. */
  end(): Buffer {
    const central = Buffer.concat(this.#central);
    const record = formatEndRecord(
      this.#central.length,
      central.length,
      this.#length,
    );

    return Buffer.concat([central, record]);
  }

  #headerOf(name: string, { bytes, crc, sizeBytes }: Blocks): EntryHeader {
    return {
      name: Buffer.from(name),
      method: METHOD_DEFLATED,
      crc,
      sizeBytes,
      compressedBytes: bytes.reduce((sum, block) => sum + block.length, 0),
      mtimeTicks: this.mtimeTicks,
      mode: MODE,
    };
  }
}
