// Text that people wrote: the documentation of this machine. It differs between machines, and is the same each time on one.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const PLACES = ['/usr/share/doc', '/usr/share/man', '/usr/share/perl'];
const IS_TEXT = /\.(txt|md|rst|html|pod|pm|Debian|[1-8])$|^(README|copyright)/;
/** Enough to find no second copy within the 32 KiB that deflate looks back. */
const MOST_BYTES = 128 << 20;
const LEAST_BYTES = 4 << 20;

export class RealText {
  #text;

  constructor() {
    const pieces = [];
    let bytes = 0;

    for (const path of textFiles()) {
      const piece = readText(path);
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= MOST_BYTES) break;
    }

    if (bytes < LEAST_BYTES) {
      throw new Error(`too little documentation in ${PLACES.join(', ')}`);
    }

    this.#text = Buffer.concat(pieces);
  }

  /** A stretch of the text from somewhere, with the line ends of mail. */
  stretch(dice, length) {
    const from = dice.int(0, this.#text.length - length - 1);
    const lines = this.#text
      .toString('latin1', from, from + length)
      .replaceAll('\n', '\r\n');

    return `${lines.slice(0, Math.max(0, length - 2))}\r\n`;
  }
}

function* textFiles() {
  for (const place of PLACES) yield* filesBelow(place);
}

function* filesBelow(directory) {
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    const stats = lstatSync(path);

    if (stats.isDirectory()) {
      yield* filesBelow(path);
    } else if (stats.isFile() && IS_TEXT.test(name.replace(/\.gz$/, ''))) {
      yield path;
    }
  }
}

function namesIn(directory) {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function readText(path) {
  const bytes = readFileSync(path);

  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}
