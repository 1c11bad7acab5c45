import { constants, deflateRawSync } from 'node:zlib';
import { Inflater } from './inflater.js';

let found: { readonly inflater?: Inflater } | undefined;

/** The inflater of this thread; undefined where this Node has no WebAssembly, or the inflater failed its test. */
export function usableInflater(): Inflater | undefined {
  found ??= tryInflater();

  return found.inflater;
}

/** From here on this thread has no inflater. */
export function giveUpInflater(): void {
  found = {};
}

function tryInflater(): { readonly inflater?: Inflater } {
  try {
    const inflater = new Inflater();

    return isSound(inflater) ? { inflater } : {};
  } catch {
    return {};
  }
}

/** Text that repeats itself, and letters that do not: matches near and far, and each kind of block. */
const SAMPLE = Buffer.concat([
  Buffer.from('Subject: figures\r\n\r\nThe figures of May, as every May.'),
  Buffer.alloc(300, 'May '),
  Buffer.from(Array.from({ length: 900 }, (_, at) => (at * at * 7) % 251)),
  Buffer.from('The figures of May'),
]);

/** True when it gives what zlib wrote in every way, and refuses what is cut off, or longer than was said. */
export function isSound(
  inflater: Pick<Inflater, 'inflate' | 'usedBytes'>,
): boolean {
  const settings = [
    {},
    { level: 0 },
    { strategy: constants.Z_FIXED },
    { strategy: constants.Z_HUFFMAN_ONLY },
  ];

  return settings.every((options) => {
    const stream = deflateRawSync(SAMPLE, options);
    const result = inflater.inflate(stream, SAMPLE.length);
    if (result?.equals(SAMPLE) !== true) return false;

    return (
      inflater.usedBytes === stream.length &&
      !inflater.inflate(stream.subarray(0, -1), SAMPLE.length) &&
      !inflater.inflate(stream, SAMPLE.length - 1)
    );
  });
}
