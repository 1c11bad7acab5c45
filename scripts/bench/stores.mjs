// Deterministic mail stores to measure with, built once and kept where the measurement runs.
import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { LinkedMessages } from './linked-messages.mjs';
import { Stream } from './random-stream.mjs';
import { RealText } from './real-text.mjs';

const ordinarySize = (dice) =>
  Math.min(8_000_000, Math.round(6_000 * Math.exp(1.36 * dice.normal())));
const ordinaryShare = (bytes) => (bytes > 12_000 ? 0.9 : 0.15);
const small = {
  size: (dice) => dice.int(300, 700),
  base64Share: () => 0,
  isLinked: true,
};

/** The stores; `--quick` divides the number of messages. */
const STORES = {
  /** Log-normal sizes (median 6 KB), base64 attachments. */
  A: {
    users: 60,
    folders: 4,
    messages: 61_440,
    size: ordinarySize,
    base64Share: ordinaryShare,
  },
  /** The sizes of A, its text that of this machine's documentation. */
  AR: {
    users: 60,
    folders: 4,
    messages: 61_440,
    size: ordinarySize,
    base64Share: ordinaryShare,
    isReal: true,
  },
  /** Mails of 2 to 8 KB. */
  B: {
    users: 200,
    folders: 5,
    messages: 202_140,
    size: (dice) => dice.int(2_000, 8_000),
    base64Share: () => 0.35,
  },
  /** Files of 100 MB base64. */
  C: {
    users: 1,
    folders: 1,
    messages: 20,
    size: () => 100_000_000,
    base64Share: () => 1,
  },
  /** Millions of small messages: what grows with their number shows. */
  M: { users: 1000, folders: 5, messages: 1_000_000, ...small },
  M3: { users: 3000, folders: 5, messages: 3_000_000, ...small },
};
const RECIPE = 4;

/** The stores that are there to compare this tool with itself: memory, at a million messages and at three. */
export function isOurs(name) {
  return STORES[name].isLinked === true;
}

/** @throws {Error} where there is no such store */
export function refuseUnknownStore(name) {
  if (name in STORES) return;

  const known = Object.keys(STORES).join(', ');
  throw new Error(`there is no store ${name}, but ${known}`);
}

/** Builds a store where it is missing, and returns its paths. */
export function ensureStore(root, name, divisor) {
  const dir = join(root, 'stores', divisor === 1 ? name : `${name}-quick`);
  const marker = join(dir, `built-${RECIPE}`);
  const place = placeIn(dir, name);

  if (!existsSync(marker)) {
    console.error(`building store ${name} …`);
    build(place, divisor);
    writeFileSync(marker, '');
  }

  return place;
}

function placeIn(dir, name) {
  const serverDir = join(dir, 'mailserver');

  return {
    name,
    dir,
    serverDir,
    storeDir: join(serverDir, 'store'),
    backupDir: join(dir, 'unused-backup-dir'),
  };
}

/** Two runs may build it at once: each does it under a name of its own, and one gets the final one. */
function build(place, divisor) {
  const building = `${place.dir}.building-${process.pid}`;
  const { name, serverDir } = placeIn(building, place.name);

  mkdirSync(serverDir, { recursive: true });
  writeFileSync(join(serverDir, 'mailserver.cfg'), configText(place));
  writeFileSync(
    join(serverDir, 'users.cfg'),
    '<config>\r\n<list name="User">\r\n</list>\r\n\r\n</config>\r\n',
  );
  writeMail(placeIn(building, name), divisor);

  rmSync(place.dir, { recursive: true, force: true });
  renameSync(building, place.dir);
}

function writeMail(place, divisor) {
  const recipe = STORES[place.name];
  const { users, folders, messages } = recipe;
  const total = Math.max(2, Math.round(messages / divisor));
  const perFolder = Math.max(1, Math.ceil(total / users / folders));
  const put = messageWriter(place, divisor);
  let made = 0;

  for (let folder = 0; made < total; folder++) {
    const path = folderPath(
      place,
      Math.floor(folder / folders),
      folder % folders,
    );

    mkdirSync(join(path, '#msgs'), { recursive: true });

    for (let uid = 1; uid <= perFolder && made < total; uid++, made++) {
      put(messagePath(path, uid), made);
    }

    writeFileSync(join(path, 'status.fld'), `N${perFolder}\r\n`);
  }
}

/** Returns the function that writes the message of a number. */
function messageWriter(place, divisor) {
  const { size, base64Share, isReal, isLinked } = STORES[place.name];
  const dice = new Stream(place.name.charCodeAt(0));
  const real = isReal ? new RealText() : undefined;
  const textOf = (length) =>
    real ? real.stretch(dice, length) : dice.text(length);

  const write = (path, number) => {
    const bytes = place.name === 'C' && divisor > 1 ? 50_000_000 : size(dice);
    const seconds = 1_600_000_000 + number * 37.25;

    writeFileSync(
      path,
      message({ dice, textOf, number, bytes, share: base64Share(bytes) }),
    );
    utimesSync(path, seconds, seconds);
  };

  if (!isLinked) return write;

  const linked = new LinkedMessages(join(place.dir, 'originals'), write);

  return (path) => linked.put(path);
}

function messagePath(folder, uid) {
  return join(folder, '#msgs', `${uid.toString(16).padStart(8, '0')}.eml`);
}

/** The folder that the selective jobs recover. */
export const ONE_FOLDER = {
  domain: 'example.com',
  user: 'user000',
  folder: 'Folder 0',
};

function folderPath(place, user, folder) {
  const name = `user${String(user).padStart(3, '0')}`;
  return join(place.storeDir, 'mail', 'example.com', name, `Folder ${folder}`);
}

/** About one file in a hundred, spread over all folders. */
export function pathsToChange(place, divisor) {
  const { users, folders, messages } = STORES[place.name];
  const perFolder = Math.max(
    1,
    Math.ceil(Math.round(messages / divisor) / users / folders),
  );

  const paths = [];

  for (let index = 50; index < messages / divisor; index += 100) {
    const folder = Math.floor(index / perFolder);
    const uid = (index % perFolder) + 1;

    const parent = folderPath(
      place,
      Math.floor(folder / folders),
      folder % folders,
    );

    paths.push(messagePath(parent, uid));
  }

  return paths.filter((path) => existsSync(path));
}

function message({ dice, textOf, number, bytes, share }) {
  const header =
    `Message-ID: <${number}.${dice.int(0, 2 ** 30)}@example.net>\r\nFrom: ${dice.word()} <${dice.word()}@example.net>\r\n` +
    `To: user@example.com\r\nSubject: ${dice.word()} ${dice.word()}\r\nMIME-Version: 1.0\r\n\r\n`;
  const base64Bytes = Math.round(bytes * share);
  const text = textOf(Math.max(0, bytes - base64Bytes - header.length));

  return Buffer.concat([
    Buffer.from(header + text, 'latin1'),
    dice.base64Lines(base64Bytes),
  ]);
}

function configText({ storeDir, backupDir }) {
  return [
    '<config>',
    '<table name="Directories">',
    `  <variable name="StoreDir">${storeDir}/</variable>`,
    `  <variable name="BackupDir">${backupDir}</variable>`,
    '</table>',
    '',
    '<table name="StoreBackup">',
    '  <variable name="Enabled">1</variable>',
    '  <variable name="MaxFileSize">2147483647</variable>',
    '  <variable name="RotationLimit">7</variable>',
    '</table>',
    '',
    '</config>',
    '',
  ].join('\r\n');
}
