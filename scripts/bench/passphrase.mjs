/** What a passphrase costs each volume: `node scripts/bench/passphrase.mjs`, after a build. */
import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';

const ROUNDS = 5;
const options = {
  N: 2 ** 18,
  r: 8,
  p: 1,
  maxmem: 300 << 20,
};
const derive = promisify(scrypt);

const before = process.cpuUsage();
const startedMs = performance.now();

for (let round = 0; round < ROUNDS; round++) {
  await derive(`passphrase ${round}`, Buffer.alloc(44), 32, options);
}

const { user, system } = process.cpuUsage(before);
const wallMs = (performance.now() - startedMs) / ROUNDS;
const cpuMs = (user + system) / 1000 / ROUNDS;
const peakMiB = process.resourceUsage().maxRSS / 1024;

console.log(
  `${cpuMs.toFixed(0)} ms of one core, ${wallMs.toFixed(0)} ms, at most ${peakMiB.toFixed(0)} MiB`,
);
