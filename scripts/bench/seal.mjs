// Measures how fast files are sealed and opened, against the package of age's author: MB a second of one core.
//   node scripts/build.mjs && node scripts/bench/seal.mjs [--rounds 3]
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import {
  Decrypter,
  Encrypter,
  generateIdentity,
  identityToRecipient,
} from 'age-encryption';
import { headerIn, unwrapFileKey } from '../../dist/sealing/age-headers.js';
import { payloadKey, SALT_BYTES } from '../../dist/sealing/payload.js';
import { Sealer } from '../../dist/sealing/sealer.js';
import { unseal } from '../../dist/sealing/unsealed-source.js';

const FILE_BYTES = 128 << 20;
const PIECE_BYTES = 1 << 20;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' } },
});
const plain = randomBytes(FILE_BYTES);
const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);
const pieces = [];
for await (const piece of seal()) pieces.push(piece);
const sealed = Buffer.concat(pieces);

const ways = {
  'sealed here': async () => {
    for await (const piece of seal()) void piece;
  },
  'opened here': () => open(sealed),
  'sealed by age-encryption': () => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);

    return encrypter.encrypt(plain);
  },
  'opened by age-encryption': () => {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);

    return decrypter.decrypt(sealed);
  },
};

for (const [name, way] of Object.entries(ways)) {
  let best = Infinity;
  for (let round = 0; round < Number(values.rounds); round++) {
    const begin = process.cpuUsage();
    await way();
    const { user, system } = process.cpuUsage(begin);
    best = Math.min(best, (user + system) / 1e6);
  }

  const rate = Math.round(FILE_BYTES / 1e6 / best);
  console.log(`${name.padEnd(26)} ${String(rate).padStart(5)} MB/s`);
}

async function* seal() {
  const sealer = await Sealer.for([recipient]);
  yield sealer.head;

  for (let at = 0; at < FILE_BYTES; at += PIECE_BYTES) {
    yield sealer.push(plain.subarray(at, at + PIECE_BYTES));
  }

  yield sealer.end();
}

async function open(bytes) {
  const source = {
    name: 'sealed',
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    readInto: (into, offset) =>
      into.set(bytes.subarray(offset, offset + into.length)),
    close: () => undefined,
  };
  const header = headerIn(bytes.subarray(0, 65_536));
  const keys = { keys: [identity], passphrases: [] };
  const fileKey = await unwrapFileKey(header, keys, 'sealed');
  const startBytes = header.length + SALT_BYTES;
  const key = payloadKey(fileKey, bytes.subarray(header.length, startBytes));
  const opened = await unseal(source, { key, startBytes });
  const into = Buffer.alloc(PIECE_BYTES);

  for (let at = 0; at < FILE_BYTES; at += PIECE_BYTES) {
    opened.readInto(into, at);
  }
}
