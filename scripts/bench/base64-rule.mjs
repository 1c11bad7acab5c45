// Measures Huffman coding alone on base64: time and size, and the size of whole mail under the rule.
//   node scripts/build.mjs && node scripts/bench/base64-rule.mjs
import { createCipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import { codec } from '../../dist/archive/zip/codec.js';
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
const toLines = (bytes) =>
  Buffer.from(bytes.toString('base64').replace(/.{76}/g, '$&\r\n'), 'latin1');
const huffman = (data) =>
  deflateRawSync(data, {
    level: 6,
    strategy: constants.Z_HUFFMAN_ONLY,
    memLevel: 9,
  });
const mailOf = (store) =>
  readdirSync(join(smallStore(store).storeDir, 'mail'), { recursive: true })
    .filter((name) => name.endsWith('.eml'))
    .map((name) =>
      readFileSync(join(smallStore(store).storeDir, 'mail', name)),
    );

const length = (pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0);
const room = Buffer.alloc(16 << 20);
const ways = {
  'level 6': (data) => deflateRawSync(data, { level: 6 }).length,
  'level 1': (data) => deflateRawSync(data, { level: 1 }).length,
  'Huffman alone': (data) => huffman(data).length,
  'our rule': (data) =>
    codec.deflate(data, room, { kind: 'file', level: 6 }) ?? data.length,
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
      best.get(way).ms.push(performance.now() - started);
      best.get(way).size = size;
    }
  }

  const plain = best.get('level 6').size;
  for (const [way, { ms, size }] of best) {
    const speed = bytes / 1e6 / (median(ms) / 1000);
    console.log(
      `  ${way.padEnd(14)} ${speed.toFixed(0).padStart(5)} MB/s  ${((100 * size) / plain).toFixed(1)} % of level 6`,
    );
  }
}
