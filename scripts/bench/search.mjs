// Measures a search over many archives: 30 of 200,000 messages, 4 fulls and 26 differentials, about 1 % of the mail new each night.
//   node scripts/bench/search.mjs DIR [MESSAGES]
// DIR is made where it is missing, with the server and its archives (3 GB for 200,000 messages), and used again the next time.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { kms } from './kms.mjs';
import { measure } from './measure.mjs';

const ARCHIVES = 30;
/** A full, and the nights after it. */
const FULL_EVERY = 8;
const USERS = 100;
const FOLDERS = ['INBOX', 'Sent Items', 'Projects', 'Deleted Items'];
const NEW_SHARE = 0.01;
const GONE_SHARE = 0.005;
const WORDS =
  'quarterly figures meeting invoice lunch project travel budget review offer order weekly server contract holiday'.split(
    ' ',
  );

const [place, messages = '200000'] = process.argv.slice(2);
if (place === undefined) {
  throw new Error('usage: node scripts/bench/search.mjs DIR [MESSAGES]');
}

const dir = resolve(place);
const total = Number(messages);
const serverDir = join(dir, 'mailserver');
const storeDir = join(serverDir, 'store');
const backupDir = join(dir, 'backup');
let made = 0;

const pick = (list, number) => list[number % list.length];
/** The same numbers on every machine. */
const scatter = (number) => Math.imul(number, 2654435761) >>> 0;

function folderOf(number) {
  const user = `user${String(number % USERS).padStart(3, '0')}`;
  const folder = pick(FOLDERS, Math.floor(number / USERS));

  return join(storeDir, 'mail', 'example.com', user, folder, '#msgs');
}

function pathOf(number) {
  return join(
    folderOf(number),
    `${Math.floor(number / USERS)
      .toString(16)
      .padStart(8, '0')}.eml`,
  );
}

function messageOf(number) {
  const random = scatter(number);
  const word = (at) => pick(WORDS, random >>> at);
  const day = new Date(Date.UTC(2020, 0, 1) + number * 600_000).toUTCString();
  const line = `${word(3)} ${word(7)} ${word(11)} ${random} ${word(2)} ${word(5)}`;

  return [
    `Received: from relay${random % 9}.example.net (192.0.2.${random % 250}) by mail.example.com with ESMTPS; ${day}`,
    `Received: from client (198.51.100.${random % 200}) by relay.example.net with ESMTPSA id ${random.toString(36)}; ${day}`,
    `Message-ID: <${random.toString(36)}.${number}@relay${random % 9}.example.net>`,
    `Date: ${day.replace('GMT', '+0000')}`,
    `From: ${word(1)} ${word(4)} <${word(4)}.${word(1)}@example.net>`,
    `To: user${String(number % USERS).padStart(3, '0')}@example.com`,
    `Subject: ${number % 5 === 0 ? `=?utf-8?q?Gr=C3=BC=C3=9Fe_${word(6)}?=` : `Re: ${word(6)}`} ${word(9)} no ${number}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    ...Array.from({ length: 10 + (random % 30) }, () => line),
    '',
  ].join('\r\n');
}

function writeMessages(count) {
  for (const end = made + count; made < end; made++) {
    mkdirSync(folderOf(made), { recursive: true });
    writeFileSync(pathOf(made), messageOf(made));
  }
}

/** One night: mail comes in, some is removed, some is moved to another folder of its mailbox. */
function changeMail(night) {
  writeMessages(total * NEW_SHARE);

  const step = Math.floor(1 / GONE_SHARE);
  for (let number = night; number < made; number += step) {
    const path = pathOf(number);
    if (!existsSync(path)) continue;

    if (number % 4 === 0) rmSync(path);
    else renameSync(path, path.replace(/\.eml$/, 'f.eml'));
  }
}

function configText() {
  return [
    '<config>',
    '<table name="Directories">',
    `  <variable name="StoreDir">${storeDir}/</variable>`,
    `  <variable name="BackupDir">${backupDir}</variable>`,
    '</table>',
    '</config>',
    '',
  ].join('\r\n');
}

async function build() {
  mkdirSync(backupDir, { recursive: true });
  mkdirSync(serverDir, { recursive: true });
  writeFileSync(join(serverDir, 'mailserver.cfg'), configText());
  writeFileSync(join(serverDir, 'users.cfg'), '<config></config>\n');
  writeMessages(total);

  for (let night = 0; night < ARCHIVES; night++) {
    const type = night % FULL_EVERY === 0 ? 'full' : 'diff';
    if (night > 0) changeMail(night);

    console.error(`night ${night + 1} of ${ARCHIVES}: ${type}`);
    await measure(
      kms`backup ${type} --no-rotate --no-verify --server-dir ${serverDir} --quiet --json`,
    );
  }
}

async function time(label, contestant) {
  const { seconds, peakBytes, stdout } = await measure({
    ...contestant,
    okCodes: [0, 10],
  });
  const { messages: found, searched } = JSON.parse(stdout);

  console.log(
    `${label.padEnd(34)} ${seconds.toFixed(2)} s  ${(peakBytes / 1e6).toFixed(0)} MB  ${found.length} of ${searched}`,
  );
}

if (!existsSync(backupDir)) await build();

const archives = readdirSync(backupDir).filter((name) =>
  /^F.{16}\.zip$/.test(name),
);
const full = join(backupDir, archives.sort().at(-1));
const rare = ['--subject', `no ${total - 3}`];
const removeCache = () => {
  for (const name of readdirSync(backupDir)) {
    if (name.startsWith('.kms-backup-headers')) rmSync(join(backupDir, name));
  }
};

for (let round = 0; round < 3; round++) {
  removeCache();
  await time('one archive', kms`search ${full} ${rare} --json`);
  await time('all, first time', kms`search ${backupDir} ${rare} --json`);
  await time('all, second time', kms`search ${backupDir} ${rare} --json`);
  await time(
    'all, second time, by date',
    kms`search ${backupDir} --from offer --since 2023-01-01 --before 2023-01-02 --json`,
  );
}
