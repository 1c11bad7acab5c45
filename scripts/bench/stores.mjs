// Deterministic mail stores to measure with, built once and kept under .bench/.
import { createCipheriv } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** The stores; `--quick` divides the number of messages. */
const STORES = {
  /** Log-normal sizes (median 6 KB), base64 attachments. */
  A: {
    users: 60,
    folders: 4,
    messages: 61_440,
  },
  /** Mails of 2 to 8 KB. */
  B: { users: 200, folders: 5, messages: 202_140 },
  /** Files of 100 MB base64. */
  C: { users: 1, folders: 1, messages: 20 },
};
const SIZERS = {
  A: (dice) =>
    Math.min(8_000_000, Math.round(6_000 * Math.exp(1.36 * dice.normal()))),
  B: (dice) => dice.int(2_000, 8_000),
  C: () => 100_000_000,
};
/** The share of a message that is base64. */
const BASE64_SHARE = {
  A: (bytes) => (bytes > 12_000 ? 0.9 : 0.15),
  B: () => 0.35,
  C: () => 1,
};
const RECIPE = 3;

/** Builds a store where it is missing, and returns its paths. */
export function ensureStore(root, name, divisor) {
  const dir = join(root, 'stores', divisor === 1 ? name : `${name}-quick`);
  const serverDir = join(dir, 'mailserver');
  const marker = join(dir, `built-${RECIPE}`);

  const place = {
    name,
    dir,
    serverDir,
    storeDir: join(serverDir, 'store'),
    backupDir: join(dir, 'unused-backup-dir'),
  };

  if (existsSync(marker)) return place;

  rmSync(dir, { recursive: true, force: true });
  console.error(`building store ${name} …`);
  mkdirSync(serverDir, { recursive: true });
  writeFileSync(join(serverDir, 'mailserver.cfg'), configText(place));
  writeFileSync(
    join(serverDir, 'users.cfg'),
    '<config>\r\n<list name="User">\r\n</list>\r\n\r\n</config>\r\n',
  );
  writeMail(place, divisor);
  writeFileSync(marker, '');

  return place;
}

function writeMail(place, divisor) {
  const { users, folders, messages } = STORES[place.name];
  const dice = new Stream(place.name.charCodeAt(0));
  const total = Math.max(2, Math.round(messages / divisor));
  const perFolder = Math.max(1, Math.ceil(total / users / folders));
  const size = SIZERS[place.name];
  let made = 0;

  for (let folder = 0; made < total; folder++) {
    const path = folderPath(
      place,
      Math.floor(folder / folders),
      folder % folders,
    );

    mkdirSync(join(path, '#msgs'), { recursive: true });

    for (let uid = 1; uid <= perFolder && made < total; uid++, made++) {
      const bytes = place.name === 'C' && divisor > 1 ? 50_000_000 : size(dice);
      const file = join(
        path,
        '#msgs',
        `${uid.toString(16).padStart(8, '0')}.eml`,
      );

      writeFileSync(
        file,
        message(dice, made, bytes, BASE64_SHARE[place.name](bytes)),
      );

      const seconds = 1_600_000_000 + made * 37.25;
      utimesSync(file, seconds, seconds);
    }

    writeFileSync(join(path, 'status.fld'), `N${perFolder}\r\n`);
  }
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

    paths.push(
      join(parent, '#msgs', `${uid.toString(16).padStart(8, '0')}.eml`),
    );
  }

  return paths.filter((path) => existsSync(path));
}

function message(dice, index, bytes, base64Share) {
  const header =
    `Message-ID: <${index}.${dice.int(0, 2 ** 30)}@example.net>\r\nFrom: ${dice.word()} <${dice.word()}@example.net>\r\n` +
    `To: user@example.com\r\nSubject: ${dice.word()} ${dice.word()}\r\nMIME-Version: 1.0\r\n\r\n`;
  const base64Bytes = Math.round(bytes * base64Share);
  const text = dice.text(Math.max(0, bytes - base64Bytes - header.length));

  return Buffer.concat([
    Buffer.from(header + text, 'latin1'),
    dice.base64Lines(base64Bytes),
  ]);
}

const WORDS = vocabulary();

function vocabulary() {
  const syllables =
    'ba ce di fo gu ha ke li mo nu pa re si to vu wa ye zi an er in or un st tr'.split(
      ' ',
    );

  return Array.from({ length: 4096 }, (_, i) => {
    const parts = [
      i % 25,
      Math.floor(i / 25) % 25,
      Math.floor(i / 625) % 25,
    ].map((s) => syllables[s]);
    return parts.slice(0, 1 + (i % 3)).join('');
  });
}

/** Bytes that look random and are the same each time: AES in counter mode over zeros, faster than any disk. */
class Stream {
  #cipher;
  #pool = Buffer.alloc(0);
  #at = 0;

  constructor(seed) {
    this.#cipher = createCipheriv(
      'aes-128-ctr',
      Buffer.alloc(16, seed),
      Buffer.alloc(16),
    );
  }

  bytes(length) {
    if (length > 1 << 16) return this.#cipher.update(Buffer.alloc(length));

    if (this.#at + length > this.#pool.length) {
      this.#pool = this.#cipher.update(Buffer.alloc(1 << 20));
      this.#at = 0;
    }

    this.#at += length;

    return this.#pool.subarray(this.#at - length, this.#at);
  }

  int(low, high) {
    return low + (this.bytes(4).readUInt32LE(0) % (high - low + 1));
  }

  normal() {
    const unit = () => (this.bytes(4).readUInt32LE(0) + 1) / 4294967297;
    return Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit());
  }

  /** Common words are frequent, as in any language. */
  word() {
    const bytes = this.bytes(3);
    return WORDS[(bytes.readUInt16LE(0) & 0xfff) >> (bytes[2] % 9)];
  }

  text(length) {
    const lines = [];
    for (let made = 0; made < length;) {
      let line = this.word();
      while (line.length < 66) line += ` ${this.word()}`;
      lines.push(line);
      made += line.length + 2;
    }

    return `${lines.join('\r\n').slice(0, Math.max(0, length - 2))}\r\n`;
  }

  base64Lines(length) {
    const lines = Math.floor(length / 78);
    if (lines === 0) return Buffer.alloc(0);

    const flat = Buffer.from(
      this.bytes(lines * 57).toString('base64'),
      'latin1',
    );

    const out = Buffer.allocUnsafe(lines * 78);

    for (let i = 0; i < lines; i++) {
      flat.copy(out, i * 78, i * 76, i * 76 + 76);
      out[i * 78 + 76] = 13;
      out[i * 78 + 77] = 10;
    }

    return out;
  }
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
