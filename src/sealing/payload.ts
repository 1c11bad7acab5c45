/**
 * The payload of an age file (c2sp.org/age): chunks of 64 KiB, each sealed by ChaCha20-Poly1305 under its number and under whether it is
 * the last.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

const CIPHER = 'chacha20-poly1305';
const KEY_BYTES = 32;

/** The plain bytes of every chunk but the last. */
export const CHUNK_BYTES = 65_536;
/** The proof behind each chunk. */
const TAG_BYTES = 16;
const TAG = { authTagLength: TAG_BYTES };
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** The random bytes between header and chunks. */
export const SALT_BYTES = 16;

/** The place of a chunk in its file. */
export interface ChunkPlace {
  readonly number: number;
  readonly isLast: boolean;
}

/** The key that seals the chunks of one file. */
export function payloadKey(fileKey: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, salt, 'payload', KEY_BYTES));
}

/** The plain bytes in so many sealed ones; undefined where no payload is that long. An empty last chunk stands only alone. */
export function plainBytesOf(sealedBytes: number): number | undefined {
  const chunks = chunksIn(sealedBytes);
  const lastBytes = sealedBytes - (chunks - 1) * SEALED_CHUNK_BYTES;
  const least = chunks > 1 ? TAG_BYTES + 1 : TAG_BYTES;

  return lastBytes < least ? undefined : sealedBytes - chunks * TAG_BYTES;
}

/** The sealed length of so many plain bytes. */
export function sealedBytesOf(plainBytes: number): number {
  const chunks = Math.max(1, Math.ceil(plainBytes / CHUNK_BYTES));

  return plainBytes + chunks * TAG_BYTES;
}

/** The chunks of a payload; one at least. */
export function chunksIn(sealedBytes: number): number {
  return Math.max(1, Math.ceil(sealedBytes / SEALED_CHUNK_BYTES));
}

/** Seals a chunk into `into`, which is as long as the chunk and its proof. */
export function sealChunk(
  key: Uint8Array,
  place: ChunkPlace,
  plain: Uint8Array,
  into: Uint8Array,
): void {
  const cipher = createCipheriv(CIPHER, key, nonceOf(place), TAG);

  into.set(cipher.update(plain));
  cipher.final();
  into.set(cipher.getAuthTag(), plain.length);
}

/** Opens a chunk. @throws {Error} where it is not what was sealed in this place */
export function openChunk(
  key: Uint8Array,
  place: ChunkPlace,
  sealed: Uint8Array,
): Buffer {
  const decipher = createDecipheriv(CIPHER, key, nonceOf(place), TAG);
  const plainBytes = sealed.length - TAG_BYTES;

  decipher.setAuthTag(sealed.subarray(plainBytes));
  const plain = decipher.update(sealed.subarray(0, plainBytes));
  decipher.final();

  return plain;
}

/** Eleven bytes of number, and one that tells the last chunk. */
function nonceOf({ number, isLast }: ChunkPlace): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = isLast ? 1 : 0;

  return nonce;
}

/** The sealed length of a chunk of plain bytes. */
export function sealedLength(plainBytes: number): number {
  return plainBytes + TAG_BYTES;
}
