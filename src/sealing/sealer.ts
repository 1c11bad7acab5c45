import { randomBytes } from 'node:crypto';
import { type Recipients, wrapFileKey } from './age-headers.js';
import { passphraseIn } from './passphrase-file.js';
import {
  CHUNK_BYTES,
  payloadKey,
  SALT_BYTES,
  sealChunk,
  SEALED_CHUNK_BYTES,
  sealedLength,
} from './payload.js';

/**
 * Seals one file, in order, under a key of its own. What was sealed cannot be taken back: two contents of one chunk under one key would give
 * both away. Whoever has to begin again begins with a new sealer.
 */
export class Sealer {
  readonly #key: Uint8Array;
  /** A whole chunk waits for the byte behind it: only the end tells which chunk is the last. */
  readonly #waiting = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #waitingBytes = 0;
  #chunks = 0;
  #isEnded = false;

  private constructor(
    key: Uint8Array,
    /** The bytes before the sealed chunks. */
    readonly head: Buffer,
  ) {
    this.#key = key;
  }

  /** @throws {ConfigurationError} where a recipient is none, or a passphrase cannot be read */
  static async for(recipients: Recipients): Promise<Sealer> {
    const { header, fileKey } = await wrapFileKey(
      'passphraseFile' in recipients
        ? { passphrase: passphraseIn(recipients.passphraseFile) }
        : recipients,
    );
    const salt = randomBytes(SALT_BYTES);

    return new Sealer(payloadKey(fileKey, salt), Buffer.concat([header, salt]));
  }

  /** Takes the next bytes of the file; returns the sealed chunks that they complete. */
  push(bytes: Uint8Array): Buffer {
    this.#refuseEnded();

    const most = Math.floor((this.#waitingBytes + bytes.length) / CHUNK_BYTES);
    const sealed = Buffer.allocUnsafe(most * SEALED_CHUNK_BYTES);
    let sealedBytes = 0;

    for (let at = 0; at < bytes.length;) {
      if (this.#waitingBytes === CHUNK_BYTES) {
        sealedBytes = this.#seal(this.#waiting, sealed, sealedBytes);
        this.#waitingBytes = 0;
      }

      const isWholeChunk =
        this.#waitingBytes === 0 && bytes.length - at > CHUNK_BYTES;

      if (isWholeChunk) {
        const chunk = bytes.subarray(at, at + CHUNK_BYTES);
        sealedBytes = this.#seal(chunk, sealed, sealedBytes);
        at += CHUNK_BYTES;
      } else {
        at += this.#wait(bytes.subarray(at));
      }
    }

    return sealed.subarray(0, sealedBytes);
  }

  /** Ends the file; returns the last chunk. */
  end(): Buffer {
    this.#refuseEnded();
    this.#isEnded = true;

    const plain = this.#waiting.subarray(0, this.#waitingBytes);
    const sealed = Buffer.allocUnsafe(sealedLength(plain.length));
    const place = { number: this.#chunks, isLast: true };
    sealChunk(this.#key, place, plain, sealed);

    return sealed;
  }

  /** Seals a whole chunk that is not the last; returns where the next one goes. */
  #seal(plain: Uint8Array, into: Buffer, at: number): number {
    const end = at + SEALED_CHUNK_BYTES;
    const place = { number: this.#chunks, isLast: false };
    sealChunk(this.#key, place, plain, into.subarray(at, end));
    this.#chunks += 1;

    return end;
  }

  /** Keeps what a chunk still has room for; returns how much that is. */
  #wait(bytes: Uint8Array): number {
    const room = CHUNK_BYTES - this.#waitingBytes;
    const taken = bytes.subarray(0, room);
    this.#waiting.set(taken, this.#waitingBytes);
    this.#waitingBytes += taken.length;

    return taken.length;
  }

  #refuseEnded(): void {
    if (this.#isEnded) throw new Error('a sealed file was ended before');
  }
}
