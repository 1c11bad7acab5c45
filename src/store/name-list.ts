/** Names of files in little memory: those of one directory are much alike, and a store has millions of them. Pure. */

/** The names of one directory. */
export interface NameList {
  readonly count: number;
  /**
   * Name after name, each as what it does not share with the one before: the number of characters that it shares at its start, the
   * number at its end, the characters between them, and a `/`, which no name has.
   */
  readonly text: string;
}

export const NO_NAMES: NameList = { count: 0, text: '' };

/** A number of shared characters has to fit into one character of one byte. */
const MOST_SHARED = 255;
const END = '/';

export function packNames(names: readonly string[]): NameList {
  if (names.length === 0) return NO_NAMES;

  const pieces: string[] = [];
  let before = '';

  for (const name of names) {
    const start = countAtStart(before, name);
    const end = countAtEnd(before, name, start);

    pieces.push(
      String.fromCharCode(start, end) +
        name.slice(start, name.length - end) +
        END,
    );
    before = name;
  }

  return {
    count: names.length,
    text: pieces.join(''),
  };
}

export function unpackNames({ text }: NameList): string[] {
  const names: string[] = [];
  let before = '';

  for (let at = 0; at < text.length;) {
    const start = text.charCodeAt(at);
    const end = text.charCodeAt(at + 1);
    const stop = text.indexOf(END, at + 2);

    before =
      before.slice(0, start) +
      text.slice(at + 2, stop) +
      before.slice(before.length - end);
    names.push(before);
    at = stop + 1;
  }

  return names;
}

const LAST_ASCII = 0x7f;

/** Goes through the names of a list, and makes none of them a string. */
export class NameCursor {
  /** The place of the name that it is on. */
  place = 0;
  #at = 0;
  #codes = new Uint16Array(MOST_SHARED);
  #length = 0;

  constructor(private readonly list: NameList) {
    this.#read();
  }

  get isAtEnd(): boolean {
    return this.place >= this.list.count;
  }

  advance(): void {
    this.place++;
    this.#read();
  }

  /** Says whether the name is these bytes, each of them an ASCII character. */
  isAscii(bytes: Uint8Array, start: number, end: number): boolean {
    const codes = this.#codes;
    if (end - start !== this.#length) return false;

    // From the end: names next to each other differ there.
    for (let at = this.#length - 1; at >= 0; at--) {
      const code = codes[at] ?? 0;
      if (code !== bytes[start + at] || code > LAST_ASCII) return false;
    }

    return true;
  }

  /** Reads what the next name does not share with the one before it, which is here still. */
  #read(): void {
    const { text } = this.list;
    if (this.#at >= text.length) return;

    const start = text.charCodeAt(this.#at);
    const end = text.charCodeAt(this.#at + 1);
    const own = this.#at + 2;
    const stop = text.indexOf(END, own);
    const endAt = start + stop - own;

    this.#makeRoom(endAt + end);
    this.#codes.copyWithin(endAt, this.#length - end, this.#length);

    for (let at = own; at < stop; at++) {
      this.#codes[start + at - own] = text.charCodeAt(at);
    }

    this.#length = endAt + end;
    this.#at = stop + 1;
  }

  #makeRoom(length: number): void {
    if (length <= this.#codes.length) return;

    const larger = new Uint16Array(2 * length);
    larger.set(this.#codes);
    this.#codes = larger;
  }
}

function countAtStart(before: string, name: string): number {
  const most = Math.min(before.length, name.length, MOST_SHARED);
  let count = 0;

  while (count < most && before.charCodeAt(count) === name.charCodeAt(count)) {
    count++;
  }

  return count;
}

/** @param start the characters that are shared at the start, and count once */
function countAtEnd(before: string, name: string, start: number): number {
  const shorter = Math.min(before.length, name.length);
  const most = Math.min(shorter - start, MOST_SHARED);
  let count = 0;

  while (
    count < most &&
    before.charCodeAt(before.length - 1 - count) ===
      name.charCodeAt(name.length - 1 - count)
  ) {
    count++;
  }

  return count;
}
