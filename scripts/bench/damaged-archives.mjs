// Damages archives as disks, cables and people do, and knows which of their messages are whole afterwards. It reads zip files
// by itself: what it says must not depend on the program that it tests.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  centralHeader,
  commonFields,
  Dice,
  endRecord,
  word,
} from './zip-headers.mjs';

export { makeMessages, writeStore } from './salvage-store.mjs';
export { Dice } from './zip-headers.mjs';

/** Where everything lies in a sound zip file: `[{ name, offset, dataStart, dataEnd, size, central: [start, end] }]`. */
export function layoutOf(path) {
  const bytes = readFileSync(path);
  const end = bytes.length - 22;
  const entries = [];
  let at = bytes.readUInt32LE(end + 16);

  while (bytes.readUInt32LE(at) === 0x02014b50) {
    const [name, extra, comment] = [28, 30, 32].map((field) =>
      bytes.readUInt16LE(at + field),
    );
    const offset = bytes.readUInt32LE(at + 42);
    const next = at + 46 + name + extra + comment;
    const dataStart =
      offset +
      30 +
      bytes.readUInt16LE(offset + 26) +
      bytes.readUInt16LE(offset + 28);

    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + name),
      offset,
      dataStart,
      dataEnd: dataStart + bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      method: bytes.readUInt16LE(at + 10),
      central: [at, next],
    });
    at = next;
  }

  return { entries, directoryStart: bytes.readUInt32LE(end + 16), bytes };
}

const LIE = 'a lying summary';

export const KINDS = [
  'a bit',
  'a block',
  'a cut',
  'a missing volume',
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
  for (const kind of [...kinds].sort((a) => (a === LIE ? -1 : 1))) {
    const files = readdirSync(directory)
      .filter((name) => name.endsWith('.zip'))
      .sort();
    if (files.length > 0) damageOnce({ directory, files, dice, touched }, kind);
  }

  return { kinds, touched };
}

function damageOnce({ directory, files, dice, touched }, kind) {
  const file = dice.pick(files);
  const path = join(directory, file);
  const touch = (name, start, end) => {
    touched.set(name, [...(touched.get(name) ?? []), [start, end]]);
  };

  if (kind === 'a missing volume') {
    const volumes = volumesOf(files, dice);
    const gone = dice.pick([volumes[0], volumes.at(-1), dice.pick(volumes)]);
    rmSync(join(directory, gone));
    touch(gone, 0, Infinity);
    return;
  }

  if (kind === LIE) {
    const last = volumesOf(files, dice).at(-1);
    lieInSummary(join(directory, last), dice);
    return;
  }

  const bytes = readFileSync(path);
  const [start, end] = rangeOf(kind, bytes, dice);
  touch(file, start, end === bytes.length && kind === 'a cut' ? Infinity : end);
  writeFileSync(path, changed(kind, bytes, [start, end], dice));
}

/** The volumes of one archive, in order. */
function volumesOf(files, dice) {
  const stems = [...new Set(files.map((name) => name.split('.')[0]))];
  const stem = dice.pick(stems);
  const number = (name) => Number(/\.(\d+)\.zip$/.exec(name)?.[1] ?? 0);

  return files
    .filter((name) => name.startsWith(stem))
    .sort((a, b) => number(a) - number(b));
}

function rangeOf(kind, bytes, dice) {
  const { length } = bytes;
  const directoryStart = Math.min(bytes.readUInt32LE(length - 6), length - 1);

  switch (kind) {
    case 'a bit': {
      const at = dice.int(0, length - 1);
      return [at, at + 1];
    }

    case 'a block': {
      const at = dice.int(0, length - 1);
      return [at, Math.min(length, at + dice.pick([64, 512, 4096, 8192]))];
    }

    case 'a cut':
      return [dice.int(1, length - 1), length];
    default: {
      const at = dice.int(directoryStart, length - 1);
      return [at, Math.min(length, at + dice.pick([1, 22, 300, 1e9]))];
    }
  }
}

function changed(kind, bytes, [start, end], dice) {
  if (kind === 'a cut') return bytes.subarray(0, start);

  const result = Buffer.from(bytes);
  if (kind === 'a bit') {
    result[start] ^= 1 << dice.int(0, 7);
    return result;
  }

  const filler = dice.pick(['zeros', 'noise']);
  for (let at = start; at < end; at++) {
    result[at] = filler === 'zeros' ? 0 : dice.int(0, 255);
  }

  return result;
}

const LIES = [
  [/count_files = (\d+)/, (n) => `count_files = ${Number(n) + 1}`],
  [/total_size  = (\d+)/, (n) => `total_size  = ${Number(n) - 5}`],
  [/messages    = (\d+)/, (n) => `messages    = ${Number(n) + 7}`],
  [/(?<=mailbox\.\S+ += )(\d+)/, (n) => String(Number(n) + 3)],
  [/volumes     = (\d+)/, (n) => `volumes     = ${Number(n) + 1}`],
];

/** Writes the last entry of a volume, its summary, anew with another number in it: a sound zip file that says what is not so. */
function lieInSummary(path, dice) {
  const { entries, directoryStart, bytes } = layoutOf(path);
  const summary = entries.at(-1);
  if (summary?.name !== '.summary.txt') return;

  const data = bytes.subarray(summary.dataStart, summary.dataEnd);
  const text = (summary.method === 8 ? inflateRawSync(data) : data).toString();
  const [pattern, lie] = dice.pick(LIES.filter(([found]) => found.test(text)));
  const told = Buffer.from(text.replace(pattern, (_, number) => lie(number)));

  const packed = deflateRawSync(told);
  const name = Buffer.from('.summary.txt');
  const common = commonFields(name, told, packed, 8);
  const before = bytes.subarray(directoryStart, summary.central[0]);
  const header = centralHeader(common, name, summary.offset);
  const body = Buffer.concat([
    bytes.subarray(0, summary.offset),
    word(0x04034b50),
    common,
    name,
    packed,
  ]);

  writeFileSync(
    path,
    Buffer.concat([
      body,
      before,
      header,
      endRecord(entries.length, [before, header], body.length),
    ]),
  );
}

/**
 * What is left of an entry: `whole` when its data are as they were and one of its two headers is; `named` when a header is;
 * else `lost`.
 */
export function stateOf(entry, ranges = []) {
  const isWhole = (from, to) =>
    ranges.every(([start, end]) => end <= from || start >= to);
  const hasHeader =
    isWhole(entry.offset, entry.dataStart) || isWhole(...entry.central);
  if (!hasHeader) return 'lost';

  return isWhole(entry.dataStart, entry.dataEnd) ? 'whole' : 'named';
}
