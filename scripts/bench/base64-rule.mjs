// Measures Huffman coding alone on base64: time and size, and the size of whole mail under the rule.
//   node scripts/build.mjs && node scripts/bench/base64-rule.mjs
import { createCipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import { codecNamed } from '../../dist/archive/zip/codec.js';
import { median } from './measure.mjs';
import { smallStore } from './small-store.mjs';

const ROUNDS = 5;
const noise = createCipheriv(
  'aes-128-ctr',
  Buffer.alloc(16, 7),
  Buffer.alloc(16),
).update(Buffer.alloc(6 << 20));
const words = Buffer.from(
  'quarterly figures before Friday; please read the attached table. '.repeat(
    100_000,
  ),
);
const toLines = (bytes) => {
  const base64 = bytes.toString('base64');
  const lines = base64.replace(/.{76}/g, '$&\r\n');

  return Buffer.from(lines, 'latin1');
};

const huffman = (data) =>
  deflateRawSync(data, {
    level: 6,
    strategy: constants.Z_HUFFMAN_ONLY,
    memLevel: 9,
  });

const mailOf = (store) => {
  const { storeDir } = smallStore(store);
  const mailDir = join(storeDir, 'mail');
  const names = readdirSync(mailDir, { recursive: true });

  return names
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(join(mailDir, name)));
};

const length = (pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0);
const room = Buffer.alloc(16 << 20);
const ways = {
  'level 6': (data) => deflateRawSync(data, { level: 6 }).length,
  'level 1': (data) => deflateRawSync(data, { level: 1 }).length,
  'Huffman alone': (data) => huffman(data).length,
  'our rule': (data) =>
    codecNamed('zlib').deflate(data, room, { kind: 'file', level: 6 }) ??
    data.length,
};
const inputs = {
  'base64 of a compressed attachment': [toLines(noise)],
  'base64 of repeated text': [toLines(words)],
  'base64 of noise without line ends': [
    Buffer.from(noise.toString('base64'), 'latin1'),
  ],
  'mails with attachments, file by file': mailOf('A'),
  'mails of 2 to 8 KB, a third of it base64, file by file': mailOf('B'),
};
for (const [what, files] of Object.entries(inputs)) {
  const bytes = length(files);
  console.log(`${what}, ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  const best = new Map(
    Object.keys(ways).map((way) => [way, { ms: [], size: 0 }]),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, deflate] of Object.entries(ways)) {
      const started = performance.now();
      const size = files.reduce((sum, data) => sum + deflate(data), 0);
      const tookMs = performance.now() - started;

      const known = best.get(way);
      known.ms.push(tookMs);
      known.size = size;
    }
  }

  const plain = best.get('level 6').size;
  for (const [way, { ms, size }] of best) {
    const seconds = median(ms) / 1000;
    const megabytes = bytes / 1e6;
    const speed = (megabytes / seconds).toFixed(0);
    const percent = ((100 * size) / plain).toFixed(1);

    console.log(
      `  ${way.padEnd(14)} ${speed.padStart(5)} MB/s  ${percent} % of level 6`,
    );
  }
}
