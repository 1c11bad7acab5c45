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
import { Dice } from '../../scripts/dice.mjs';
import { serveImap } from './stand-in-imap.mjs';
import { idOf, Mailbox, promise } from './stand-in-mail.mjs';

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

let memory = readFileSync('mailserver.cfg', 'utf8');
const mailbox = new Mailbox(join(dir, 'store/mail/example.com/alice'));

/**
 * Busy: mail comes in, messages are marked, the folder's index is written from memory, and an administrator sets the server's name, which
 * is in memory alone until it stops. What was promised stands in `stand-in.ledger`. Each start has choices of its own.
 */
function beBusy({ seed, imapPort, dropRate }) {
  const starts = existsSync('stand-in.starts')
    ? Number(readFileSync('stand-in.starts', 'utf8')) + 1
    : 1;
  writeFileSync('stand-in.starts', String(starts));

  const dice = new Dice(seed + starts);
  const inbox = mailbox.folder('INBOX');
  const next = () => setTimeout(turn, dice.int(5, 60));
  const turn = () => {
    takeMail(inbox);
    markOne(inbox, dice);
    if (dice.chance(0.05)) setName(`host${dice.int(1, 1e6)}.example.com`);
    if (dice.chance(0.7)) inbox.writeIndex();
    next();
  };

  next();

  return serveImap({
    mailbox,
    port: imapPort,
    dice: new Dice(seed - starts),
    dropRate,
  });
}

let received = 0;

function takeMail(inbox) {
  const id = `<${process.pid}.${Date.now().toString(36)}.${++received}@live>`;
  const text = Buffer.from(
    `Message-ID: ${id}\r\nSubject: live\r\n\r\nlive\r\n`,
  );
  inbox.add(text, 0);
  promise(`mail ${idOf(text)}`);
}

function markOne(inbox, dice) {
  const names = inbox.names();
  const name = names[dice.int(0, names.length - 1)];
  inbox.setBits(name, dice.int(0, 7));
}

function setName(name) {
  memory = memory.replace(/("InternetHostname">)[^<]*/, `$1${name}`);
  promise(`set InternetHostname ${name}`);
}

const imap = behaviour.isBusy ? await beBusy(behaviour) : undefined;

process.on('SIGTERM', () => {
  if (behaviour.isDeaf) return;

  writeFileSync('stand-in.stopping', '');
  imap?.close();
  setTimeout(() => {
    mailbox.writeIndexes();
    writeFileSync('mailserver.cfg', behaviour.memory ?? memory);
    // eslint-disable-next-line no-restricted-properties -- it holds no more than its memory
    process.exit(0);
  }, behaviour.stopMs ?? 0);
});

/** Whoever started the test is gone: nobody would end what is left of it. */
function endWithOwner() {
  try {
    process.kill(behaviour.owner, 0);
  } catch {
    // eslint-disable-next-line no-restricted-properties -- nobody waits for its end
    process.exit(1);
  }
}

setInterval(behaviour.owner ? endWithOwner : () => {}, 1000);
writeFileSync('stand-in.ready', String(process.pid));
