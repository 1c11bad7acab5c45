// Damages archives as disks, cables and people do, and knows which of their messages are whole afterwards. It reads zip files
// by itself: what it says must not depend on the program that it tests.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Dice } from '../dice.mjs';
import {
  centralHeader,
  commonFields,
  endRecord,
  word,
} from './zip-headers.mjs';

export { makeMessages, writeStore } from './salvage-store.mjs';
export { Dice };

const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const DEFLATED = 8;
const SUMMARY = '.summary.txt';

/** Where everything lies in a sound zip file: `[{ name, offset, dataStart, dataEnd, size, central: [start, end] }]`. */
export function layoutOf(path) {
  const bytes = readFileSync(path);
  const end = bytes.length - END_BYTES;
  const directoryStart = bytes.readUInt32LE(end + 16);
  const entries = [];
  let at = directoryStart;

  while (bytes.readUInt32LE(at) === CENTRAL_SIGNATURE) {
    const entry = entryAt(bytes, at);
    entries.push(entry);
    at = entry.central[1];
  }

  return { entries, directoryStart, bytes };
}

/** The entry whose header in the central directory begins at a place. */
function entryAt(bytes, at) {
  const packedSize = bytes.readUInt32LE(at + 20);
  const nameLength = bytes.readUInt16LE(at + 28);
  const extraLength = bytes.readUInt16LE(at + 30);
  const commentLength = bytes.readUInt16LE(at + 32);
  const offset = bytes.readUInt32LE(at + 42);

  const nameStart = at + CENTRAL_BYTES;
  const nameEnd = nameStart + nameLength;
  const next = nameEnd + extraLength + commentLength;
  const dataStart = dataStartOf(bytes, offset);

  return {
    name: bytes.toString('utf8', nameStart, nameEnd),
    offset,
    dataStart,
    dataEnd: dataStart + packedSize,
    size: bytes.readUInt32LE(at + 24),
    method: bytes.readUInt16LE(at + 10),
    central: [at, next],
  };
}

/** Where the data begin behind a local header. */
function dataStartOf(bytes, offset) {
  const nameLength = bytes.readUInt16LE(offset + 26);
  const extraLength = bytes.readUInt16LE(offset + 28);

  return offset + LOCAL_BYTES + nameLength + extraLength;
}

const BIT = 'a bit';
const CUT = 'a cut';
const MISSING = 'a missing volume';
const LIE = 'a lying summary';

export const KINDS = [
  BIT,
  'a block',
  CUT,
  MISSING,
  'a broken central directory',
  LIE,
];

/**
 * Damages the archives of a directory.
 * @returns `{ kinds, touched }`: for each file the ranges that are not as they were, all of it where it is gone
 */
export function damage(directory, seed, kinds) {
  const dice = new Dice(seed);
  const touched = new Map();

  // A lie needs a sound volume.
  const liesFirst = [...kinds].sort((a) => (a === LIE ? -1 : 1));

  for (const kind of liesFirst) {
    const files = archivesIn(directory);
    if (files.length === 0) continue;

    damageOnce({ directory, files, dice, touched }, kind);
  }

  return { kinds, touched };
}

function archivesIn(directory) {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.zip'))
    .sort();
}

function damageOnce({ directory, files, dice, touched }, kind) {
  const file = dice.pick(files);
  const path = join(directory, file);
  const touch = (name, start, end) => {
    const known = touched.get(name) ?? [];
    touched.set(name, [...known, [start, end]]);
  };

  if (kind === MISSING) {
    const volumes = volumesOf(files, dice);
    const first = volumes[0];
    const last = volumes.at(-1);
    const any = dice.pick(volumes);
    const gone = dice.pick([first, last, any]);

    rmSync(join(directory, gone));
    touch(gone, 0, Infinity);
    return;
  }

  if (kind === LIE) {
    const volumes = volumesOf(files, dice);
    const last = volumes.at(-1);
    lieInSummary(join(directory, last), dice);
    return;
  }

  const bytes = readFileSync(path);
  const [start, end] = rangeOf(kind, bytes, dice);
  touch(file, start, kind === CUT ? Infinity : end);
  writeFileSync(path, changed(kind, bytes, [start, end], dice));
}

/** The volumes of one archive, in order. */
function volumesOf(files, dice) {
  const stems = new Set(files.map((name) => name.split('.')[0]));
  const stem = dice.pick([...stems]);
  const number = (name) => Number(/\.(\d+)\.zip$/.exec(name)?.[1] ?? 0);

  return files
    .filter((name) => name.startsWith(stem))
    .sort((a, b) => number(a) - number(b));
}

function rangeOf(kind, bytes, dice) {
  const { length } = bytes;
  const last = length - 1;
  const directoryStart = Math.min(bytes.readUInt32LE(length - 6), last);

  switch (kind) {
    case BIT: {
      const at = dice.int(0, last);
      return [at, at + 1];
    }

    case 'a block': {
      const at = dice.int(0, last);
      const size = dice.pick([64, 512, 4096, 8192]);
      return [at, Math.min(length, at + size)];
    }

    case CUT: {
      const at = dice.int(1, last);
      return [at, length];
    }

    default: {
      const at = dice.int(directoryStart, last);
      const size = dice.pick([1, 22, 300, 1e9]);
      return [at, Math.min(length, at + size)];
    }
  }
}

function changed(kind, bytes, [start, end], dice) {
  if (kind === CUT) {
    return bytes.subarray(0, start);
  }

  const result = Buffer.from(bytes);

  if (kind === BIT) {
    const bit = dice.int(0, 7);
    result[start] ^= 1 << bit;
    return result;
  }

  const filler = dice.pick(['zeros', 'noise']);
  for (let at = start; at < end; at++) {
    result[at] = filler === 'zeros' ? 0 : dice.int(0, 255);
  }

  return result;
}

/** What a lie replaces in a summary, and by what. */
const LIES = [
  {
    pattern: /(?<=count_files = )\d+/,
    lie: (told) => String(Number(told) + 1),
  },
  {
    pattern: /(?<=total_size  = )\d+/,
    lie: (told) => String(Number(told) - 5),
  },
  {
    pattern: /(?<=messages    = )\d+/,
    lie: (told) => String(Number(told) + 7),
  },
  {
    pattern: /(?<=mailbox\.\S+ += )\d+/,
    lie: (told) => String(Number(told) + 3),
  },
  {
    pattern: /(?<=volumes     = )\d+/,
    lie: (told) => String(Number(told) + 1),
  },
];

/** Writes the last entry of a volume, its summary, anew with another number in it: a sound zip file that says what is not so. */
function lieInSummary(path, dice) {
  const { entries, directoryStart, bytes } = layoutOf(path);
  const summary = entries.at(-1);
  if (summary?.name !== SUMMARY) return;

  const told = lieIn(textOf(bytes, summary), dice);
  const packed = deflateRawSync(told);
  const name = Buffer.from(SUMMARY);
  const common = commonFields(name, told, packed, DEFLATED);

  const before = bytes.subarray(directoryStart, summary.central[0]);
  const header = centralHeader(common, name, summary.offset);
  const body = Buffer.concat([
    bytes.subarray(0, summary.offset),
    word(LOCAL_SIGNATURE),
    common,
    name,
    packed,
  ]);
  const end = endRecord(entries.length, [before, header], body.length);

  writeFileSync(path, Buffer.concat([body, before, header, end]));
}

function textOf(bytes, { dataStart, dataEnd, method }) {
  const data = bytes.subarray(dataStart, dataEnd);
  const text = method === DEFLATED ? inflateRawSync(data) : data;

  return text.toString();
}

/** The text of a summary with one of its numbers changed. */
function lieIn(text, dice) {
  const possible = LIES.filter(({ pattern }) => pattern.test(text));
  const { pattern, lie } = dice.pick(possible);
  const told = text.replace(pattern, lie);

  return Buffer.from(told);
}

/**
 * What is left of an entry: `whole` when its data are as they were and one of its two headers is; `named` when a header is;
 * else `lost`.
 */
export function stateOf(entry, ranges = []) {
  const isWhole = (from, to) =>
    ranges.every(([start, end]) => end <= from || start >= to);

  const { offset, dataStart, dataEnd, central } = entry;
  const hasLocal = isWhole(offset, dataStart);
  const hasCentral = isWhole(...central);
  if (!hasLocal && !hasCentral) return 'lost';

  return isWhole(dataStart, dataEnd) ? 'whole' : 'named';
}
