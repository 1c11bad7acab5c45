// A small mail store for archives that are to be damaged: messages of all kinds, some with zip files in them.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Dice } from '../dice.mjs';
import {
  centralHeader,
  commonFields,
  endRecord,
  word,
} from './zip-headers.mjs';

/** The messages of a small server, some of them with zip files in them, by their paths below the store. */
export function makeMessages(seed) {
  const dice = new Dice(seed);
  const messages = new Map();

  for (const user of ['alice', 'bob.b', 'carol']) {
    for (const folder of ['INBOX', 'Sent', 'INBOX/Projekte &- B&APw-ro']) {
      for (let number = 1; number <= 14; number++) {
        const name = `${number.toString(16).padStart(8, '0')}.eml`;
        const path = `mail/example.com/${user}/${folder}/#msgs/${name}`;
        messages.set(path, makeMessage(dice, path));
      }
    }
  }

  return messages;
}

function makeMessage(dice, path) {
  const head = `From: a@example.org\r\nSubject: ${path}\r\n\r\n`;
  const kind = dice.int(0, 9);
  if (kind === 0) return Buffer.from(head);
  if (kind === 1) return Buffer.concat([Buffer.from(head), innerZip(dice)]);

  const body = dice.bytes(dice.int(50, kind === 2 ? 9000 : 1500));

  return Buffer.from(head + body.toString(kind > 6 ? 'hex' : 'base64'));
}

/** A zip file with entries that could be those of a backup, in a message that no deflate makes smaller. */
function innerZip(dice) {
  const names = [1, 2, 3].map(
    (number) =>
      `@backup/store/mail/example.com/mallory/INBOX/#msgs/0000000${number}.eml`,
  );

  return buildZip(names.map((name) => [name, dice.bytes(dice.int(300, 900))]));
}

/** A zip file of stored entries. */
function buildZip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;

  for (const [name, content] of files) {
    const common = commonFields(Buffer.from(name), content, content, 0);
    const local = Buffer.concat([word(0x04034b50), common, Buffer.from(name)]);

    directory.push(centralHeader(common, Buffer.from(name), offset));
    parts.push(local, content);
    offset += local.length + content.length;
  }

  return Buffer.concat([
    ...parts,
    ...directory,
    endRecord(files.length, directory, offset),
  ]);
}

/** Writes messages below a store, each with a time of its own, and what shows their folders. */
export function writeStore(storeDir, messages) {
  let seconds = 1_600_000_000;
  const folders = new Set();

  for (const [path, content] of messages) {
    const file = join(storeDir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    utimesSync(file, (seconds += 61), seconds);
    folders.add(dirname(dirname(file)));
  }

  for (const folder of folders) {
    for (const name of ['status.fld', 'index.fld']) {
      const file = join(folder, name);
      writeFileSync(file, `${name} ${folder.slice(storeDir.length)}`);
      utimesSync(file, (seconds += 61), seconds);
    }
  }
}
