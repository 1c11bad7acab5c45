/**
 * The mailbox of a mail server's stand-in: folders of `#msgs` and index.fld, whose flags it holds in memory. What it has promised to its
 * users stands in `stand-in.ledger`, one line each: `mail ID`, `flag NAME BITS`, `append FOLDER BITS ID`.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';

const LEDGER = 'stand-in.ledger';
/** The server's own bit of each message's flags. */
const OWN_BIT = 0x80000000;

export class Mailbox {
  #folders = new Map();

  constructor(root) {
    this.root = root;
  }

  /** Undefined where it is not there. */
  folder(path) {
    if (!existsSync(join(this.root, path, '#msgs'))) return undefined;

    const known =
      this.#folders.get(path) ?? new Folder(join(this.root, path), path);
    this.#folders.set(path, known);

    return known;
  }

  make(path) {
    const steps = path.split('/');
    for (let count = 1; count <= steps.length; count++) {
      const dir = join(this.root, ...steps.slice(0, count));
      mkdirSync(join(dir, '#msgs'), { recursive: true });
      if (!existsSync(join(dir, 'status.fld'))) {
        writeFileSync(join(dir, 'status.fld'), 'S1\r\n');
      }
    }
  }

  /** The paths of all folders, `/` between their steps. */
  paths(below = this.root) {
    const found = readdirSync(below, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^[#.]/.test(entry.name))
      .map(({ name }) => join(below, name));

    return found.flatMap((dir) => [
      ...(existsSync(join(dir, '#msgs')) ? [relative(this.root, dir)] : []),
      ...this.paths(dir),
    ]);
  }

  writeIndexes() {
    for (const folder of this.#folders.values()) folder.writeIndex();
  }
}

class Folder {
  /** Name to `{ bits, rest }`. */
  #index = new Map();

  constructor(dir, path) {
    this.dir = dir;
    this.path = path;
    this.#readIndex();
  }

  /** As 7.3 and later do: what lies there and is not in the index is supplemented. @returns the names of all messages */
  names() {
    const names = readdirSync(join(this.dir, '#msgs'))
      .filter((name) => /^[0-9a-f]{8}\.eml$/.test(name))
      .sort();

    for (const name of names) {
      if (!this.#index.has(name)) this.#note(name, 0, new Date());
    }

    return names;
  }

  bytes(name) {
    return readFileSync(join(this.dir, '#msgs', name));
  }

  bits(name) {
    return this.#index.get(name)?.bits ?? 0;
  }

  /** Stores a message under the next number, and never over a file that is there. */
  add(bytes, bits, date = new Date()) {
    const last = Number.parseInt(this.names().at(-1) ?? '0', 16);

    for (let number = last + 1; ; number++) {
      const name = `${number.toString(16).padStart(8, '0')}.eml`;

      try {
        writeFileSync(join(this.dir, '#msgs', name), bytes, { flag: 'wx' });
      } catch (error) {
        if (error.code === 'EEXIST') continue;
        throw error;
      }

      this.#note(name, bits, date);

      return name;
    }
  }

  setBits(name, bits) {
    this.#index.get(name).bits = bits;
    promise(`flag ${name} ${bits}`);
  }

  writeIndex() {
    this.names();
    const lines = [...this.#index].map(([name, { bits, rest }]) => {
      const flags = (OWN_BIT + bits).toString(16);

      return `U${name.slice(0, 8)} F${flags}${rest}\r\n`;
    });
    writeFileSync(join(this.dir, 'index.fld'), lines.join(''));
  }

  #note(name, bits, date) {
    const { size } = statSync(join(this.dir, '#msgs', name));
    const seconds = Math.floor(date.getTime() / 1000).toString(16);
    const rest = ` S${size.toString(16)} D${seconds.padStart(8, '0')}`;
    this.#index.set(name, { bits, rest });
  }

  #readIndex() {
    const path = join(this.dir, 'index.fld');
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';

    for (const line of text.split('\r\n')) {
      const match = /^U([0-9a-f]{8}) F([0-9a-f]+)(.*)$/.exec(line);
      if (!match) continue;

      const [, name, flags, rest] = match;
      const bits = Number.parseInt(flags.slice(-4), 16);
      this.#index.set(`${name}.eml`, { bits, rest });
    }
  }
}

/** A line of the ledger; the process is in the server's directory. */
export function promise(line) {
  appendFileSync(LEDGER, `${line}\n`);
}

/** The first line of a message, which is its Message-ID. */
export const idOf = (bytes) => bytes.toString('latin1').split('\r\n', 1)[0];
