/**
 * A mail server as far as its files go: it holds mailserver.cfg in memory and writes it when it stops, and takes its time for that.
 * Its process is named as the real one's. `stand-in.json` beside mailserver.cfg says how it behaves.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
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

/**
 * Busy: mail comes in, messages are read, and the folder's index is written from memory. What it has promised to its users stands in
 * `stand-in.ledger`: `mail NAME`, `flag NAME`.
 */
const inbox = join(dir, 'store/mail/example.com/alice/INBOX');
const index = new Map();

function serve() {
  const names = readdirSync(join(inbox, '#msgs')).sort();
  // As 7.3 and later do: what lies there and is not in the index is supplemented.
  for (const name of names) if (!index.has(name)) index.set(name, 'F0');

  const last = Number.parseInt(names.at(-1) ?? '0', 16);
  const name = `${(last + 1).toString(16).padStart(8, '0')}.eml`;
  const text = `Message-ID: <${process.pid}.${name}@live>\r\nSubject: ${name}\r\n\r\nlive\r\n`;
  writeFileSync(join(inbox, '#msgs', name), text);
  index.set(name, 'F0');
  appendFileSync('stand-in.ledger', `mail ${text.split('\r\n')[0]}\n`);

  const read = names[Math.floor(Math.random() * names.length)];
  if (read !== undefined) {
    index.set(read, 'F1');
    appendFileSync('stand-in.ledger', `flag ${read}\n`);
  }

  writeIndex();
}

function readIndex() {
  const lines = readFileSync(join(inbox, 'index.fld'), 'utf8').split('\r\n');
  for (const line of lines.filter(Boolean)) {
    const [name, flags] = line.slice(1).split(' ');
    index.set(`${name}.eml`, flags);
  }
}

function writeIndex() {
  const lines = [...index].map(
    ([name, flags]) => `U${name.slice(0, -4)} ${flags}\r\n`,
  );
  writeFileSync(join(inbox, 'index.fld'), lines.join(''));
}

if (behaviour.isBusy) {
  readIndex();
  setInterval(serve, 20);
}

const memory = readFileSync('mailserver.cfg', 'utf8');

process.on('SIGTERM', () => {
  if (behaviour.isDeaf) return;

  writeFileSync('stand-in.stopping', '');
  setTimeout(() => {
    if (behaviour.isBusy) writeIndex();
    writeFileSync('mailserver.cfg', behaviour.memory ?? memory);
    // eslint-disable-next-line no-restricted-properties -- it holds no more than its memory
    process.exit(0);
  }, behaviour.stopMs ?? 0);
});
setInterval(() => {}, 1000);
writeFileSync('stand-in.ready', String(process.pid));
