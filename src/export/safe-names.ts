import { cutToBytes } from '../platform/cut-to-bytes.js';

/** Characters that no Windows file name may hold, and those that no file name should (Microsoft, Naming Files). */
const FORBIDDEN = /[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
const MAX_NAME_BYTES = 200;

/**
 * A name that every file system takes, as near to the given one as can be: `a/b?` is `a_b_`, `..` is `._`, `con` is `_con`.
 * Two names can become one: see `UniquePaths`.
 */
export function safeFileName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(FORBIDDEN, '_')
    .replace(/[. ]$/, '_')
    .replace(/^ /, '_');

  const isTaken = plain === '' || RESERVED.test(plain);
  const named = isTaken ? `_${plain}` : plain;

  return cutToBytes(named, MAX_NAME_BYTES);
}

/**
 * Gives every key a path of its own, also on file systems that do not tell upper from lower case: the second
 * `INBOX` that differs from the first in case only is `inbox (2)`. The same key always gets the same path.
 */
export class UniquePaths {
  readonly #byKey = new Map<string, string>();
  readonly #taken: Set<string>;

  /** @param taken paths in lower case that are given */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** In lower case. */
  get taken(): Iterable<string> {
    return this.#taken;
  }

  /** @param key what is to be told apart  @param wanted the path it should get, safe names joined by `/` */
  pathFor(key: string, wanted: string): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const path = this.newPath(wanted);
    this.#byKey.set(key, path);
    return path;
  }

  /** A path that nobody has yet: the second `Re Hello.eml` is `Re Hello (2).eml`. */
  newPath(wanted: string, extension = ''): string {
    let path = wanted + extension;
    for (let count = 2; this.#taken.has(path.toLowerCase()); count++) {
      path = `${wanted} (${count})${extension}`;
    }

    this.#taken.add(path.toLowerCase());
    return path;
  }
}

/** No safe name holds it. */
const LINE_END = '\n';

/** Gives the files of each folder names of their own. Those of one folder are in memory as names, of all others as lines. */
export class UniqueNames {
  readonly #lines = new Map<string, string>();
  #folder = '';
  #names = new UniquePaths();

  /** A name that no file of the folder has yet. */
  newName(folder: string, wanted: string, extension: string): string {
    if (folder !== this.#folder) this.#turnTo(folder);

    return this.#names.newPath(wanted, extension);
  }

  #turnTo(folder: string): void {
    this.#lines.set(this.#folder, [...this.#names.taken].join(LINE_END));

    const lines = this.#lines.get(folder);
    this.#folder = folder;
    this.#names = new UniquePaths(lines?.split(LINE_END));
  }
}
