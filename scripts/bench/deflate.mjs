// Measures the engine of our own against the zlib in Node: MB of input a second of processor time, and the size that is left.
//   node scripts/build.mjs && node scripts/bench/deflate.mjs [--rounds 5]
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { codecNamed } from '../../dist/archive/zip/codec.js';
import { smallStore } from './small-store.mjs';

const SET_BYTES = 12e6;
const LEVELS = [1, 3, 4, 6, 7, 9];
const ZLIB_LEVELS = [1, 6, 9];

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
});
const rounds = Number(values.rounds);
const own = codecNamed('own');
const room = Buffer.alloc(8 << 20);

const deflaters = {
  ...Object.fromEntries(
    ZLIB_LEVELS.map((level) => [
      `zlib ${level}`,
      (data) => deflateRawSync(data, { level }).length,
    ]),
  ),
  'zlib codec 6': (data) =>
    codecNamed('zlib').deflate(data, room, { kind: 'file', level: 6 }),
  ...Object.fromEntries(
    LEVELS.map((level) => [
      `own ${level}`,
      (data) => own.deflate(data, room, { kind: 'file', level }),
    ]),
  ),
};

for (const [name, files] of Object.entries(inputs())) {
  const bytes = files.reduce((sum, data) => sum + data.length, 0);
  console.log(
    `\n${name}: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`,
  );

  for (const [way, { seconds, size }] of measure(files, deflaters)) {
    const speed = (bytes / 1e6 / seconds).toFixed(0);
    const ratio = (size / bytes).toFixed(4);
    console.log(`  ${way.padEnd(14)} ${speed.padStart(5)} MB/s  ${ratio}`);
  }
}

/** The least processor time of each way, and the sum of what it gives; the ways take turns. */
function measure(items, ways) {
  const best = new Map(
    Object.keys(ways).map((way) => [way, { seconds: Infinity, size: 0 }]),
  );

  for (let round = 0; round < rounds; round++) {
    for (const [way, run] of Object.entries(ways)) {
      const before = process.cpuUsage();
      const size = items.reduce((sum, item) => sum + run(item), 0);
      const { user, system } = process.cpuUsage(before);
      const seconds = Math.min(best.get(way).seconds, (user + system) / 1e6);
      best.set(way, { seconds, size });
    }
  }

  return best;
}

function inputs() {
  const mailB = mailOf('B');
  const mailA = mailOf('A');
  const texts = documentation();

  return {
    'mail of 2 to 8 KB, a third of it base64': upTo(mailB),
    'the same without its base64': upTo(
      mailB.map((data) => data.subarray(0, Math.floor(data.length * 0.6))),
    ),
    'mail below 80 KB': upTo(mailA.filter(({ length }) => length < 80_000)),
    'mail above 200 KB, nearly all base64': upTo(
      mailA.filter(({ length }) => length > 200_000),
    ),
    'documentation below 8 KB': upTo(
      texts.filter(({ length }) => length < 8192),
    ),
    'documentation of 8 to 64 KB': upTo(
      texts.filter(({ length }) => length >= 8192 && length < 65_536),
    ),
    'documentation above 64 KB': upTo(
      texts.filter(({ length }) => length >= 65_536),
    ),
    noise: [randomBytes(1 << 20)],
  };
}

function mailOf(store) {
  const mail = join(smallStore(store).storeDir, 'mail');

  return readdirSync(mail, { recursive: true })
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(join(mail, name)));
}

/** Texts of this machine: what people wrote. */
function documentation() {
  const folders = ['/usr/share/doc', '/usr/share/perl', 'node_modules'];

  return folders.flatMap((folder) => {
    try {
      return readdirSync(folder, { recursive: true })
        .filter((name) => /\.(md|txt|html|rst|pod)$/.test(name))
        .sort()
        .map((name) => join(folder, name))
        .filter((path) => statSync(path).isFile())
        .map((path) => readFileSync(path))
        .filter(({ length }) => length > 200 && length < 4e6);
    } catch {
      return [];
    }
  });
}

/** As many of the first files as are enough to measure. */
function upTo(files) {
  let bytes = 0;

  return files.filter(({ length }) => (bytes += length) - length < SET_BYTES);
}
