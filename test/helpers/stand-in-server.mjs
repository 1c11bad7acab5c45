/**
 * A mail server as far as its files go: it holds mailserver.cfg in memory and writes it when it stops, and takes its time for that.
 * Its process is named as the real one's. `stand-in.json` beside mailserver.cfg says how it behaves.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const dir = process.argv[2];
process.title = 'mailserver';
process.chdir(dir);

/** `stopMs`: how long it takes to end; `isBroken`: it logs why and ends at once; `isDeaf`: it does not stop. */
const behaviour = existsSync('stand-in.json')
  ? JSON.parse(readFileSync('stand-in.json', 'utf8'))
  : {};

if (behaviour.isBroken) {
  const log = join(dir, 'store/logs/error.log');
  mkdirSync(dirname(log), { recursive: true });
  appendFileSync(
    log,
    '[27/Nov/2026 01:00:00] Unable to start: the licence is gone\n',
  );
  // eslint-disable-next-line no-restricted-properties -- as a server that fails to start
  process.exit(1);
}

const memory = readFileSync('mailserver.cfg', 'utf8');

process.on('SIGTERM', () => {
  if (behaviour.isDeaf) return;

  writeFileSync('stand-in.stopping', '');
  setTimeout(() => {
    writeFileSync('mailserver.cfg', behaviour.memory ?? memory);
    // eslint-disable-next-line no-restricted-properties -- it holds no more than its memory
    process.exit(0);
  }, behaviour.stopMs ?? 0);
});
setInterval(() => {}, 1000);
writeFileSync('stand-in.ready', String(process.pid));
