// Bytes, numbers and words that look random and are the same each time: the mail of the stores is made of them.
import { createCipheriv } from 'node:crypto';

const WORDS = vocabulary();

function vocabulary() {
  const syllables =
    'ba ce di fo gu ha ke li mo nu pa re si to vu wa ye zi an er in or un st tr'.split(
      ' ',
    );

  return Array.from({ length: 4096 }, (_, i) => {
    const parts = [
      i % 25,
      Math.floor(i / 25) % 25,
      Math.floor(i / 625) % 25,
    ].map((s) => syllables[s]);
    return parts.slice(0, 1 + (i % 3)).join('');
  });
}

/** AES in counter mode over zeros is faster than any disk. */
export class Stream {
  #cipher;
  #pool = Buffer.alloc(0);
  #at = 0;

  constructor(seed) {
    this.#cipher = createCipheriv(
      'aes-128-ctr',
      Buffer.alloc(16, seed),
      Buffer.alloc(16),
    );
  }

  bytes(length) {
    if (length > 1 << 16) return this.#cipher.update(Buffer.alloc(length));

    if (this.#at + length > this.#pool.length) {
      this.#pool = this.#cipher.update(Buffer.alloc(1 << 20));
      this.#at = 0;
    }

    this.#at += length;

    return this.#pool.subarray(this.#at - length, this.#at);
  }

  int(low, high) {
    return low + (this.bytes(4).readUInt32LE(0) % (high - low + 1));
  }

  normal() {
    const unit = () => (this.bytes(4).readUInt32LE(0) + 1) / 4294967297;
    return Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit());
  }

  /** Common words are frequent, as in any language. */
  word() {
    const bytes = this.bytes(3);
    return WORDS[(bytes.readUInt16LE(0) & 0xfff) >> (bytes[2] % 9)];
  }

  text(length) {
    const lines = [];
    for (let made = 0; made < length;) {
      let line = this.word();
      while (line.length < 66) line += ` ${this.word()}`;
      lines.push(line);
      made += line.length + 2;
    }

    return `${lines.join('\r\n').slice(0, Math.max(0, length - 2))}\r\n`;
  }

  base64Lines(length) {
    const lines = Math.floor(length / 78);
    if (lines === 0) return Buffer.alloc(0);

    const flat = Buffer.from(
      this.bytes(lines * 57).toString('base64'),
      'latin1',
    );

    const out = Buffer.allocUnsafe(lines * 78);

    for (let i = 0; i < lines; i++) {
      flat.copy(out, i * 78, i * 76, i * 76 + 76);
      out[i * 78 + 76] = 13;
      out[i * 78 + 77] = 10;
    }

    return out;
  }
}
