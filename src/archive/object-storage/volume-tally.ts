/** What is known of a volume that is sent: its parts, and the checksums of what was sent. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { UploadPart } from '../../object-store/object-store.js';
import { PART_BYTES } from './part-lanes.js';
import type { SealedVolume } from './seal.js';

export class VolumeTally {
  readonly #hash = createHash('sha256');
  readonly #parts: UploadPart[] = [];
  #sent = 0;
  #areMd5 = false;
  /** CRC-32 of all bytes as they were written. */
  crc = 0;
  /** The length of what was written. */
  writtenBytes = 0;
  /** The length of what is sent, which is more where it is sealed. */
  sizeBytes = 0;

  constructor(
    readonly key: string,
    readonly uploadId: string,
  ) {}

  /** The parts that the server took, in order. */
  get parts(): readonly UploadPart[] {
    return this.#parts;
  }

  /** Counts bytes as they were written. */
  count(written: Buffer): void {
    this.crc = crc32(written, this.crc);
    this.writtenBytes += written.length;
  }

  /** Counts a part that is to be sent. @returns its number */
  add(bytes: Buffer): number {
    this.#hash.update(bytes);
    this.sizeBytes += bytes.length;

    return ++this.#sent;
  }

  /** Notes a part that the server took. */
  confirm(part: UploadPart, bytes: Buffer): void {
    this.#parts[part.number - 1] = part;

    if (part.number === 1) this.#areMd5 = part.etag === md5(bytes);
  }

  /** Once: a hash ends. */
  seal(): SealedVolume {
    return {
      key: this.key,
      sizeBytes: this.sizeBytes,
      sha256: this.#hash.digest('hex'),
      partBytes: PART_BYTES,
      partEtags: this.#parts.map(({ etag }) => etag),
      areMd5: this.#areMd5,
      uploadId: this.uploadId,
    };
  }
}

/** As servers name a part, hexadecimal. */
export function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
