import { wholeName } from '../archive/entry-names.js';
import type { EntryTable } from '../archive/entry-table.js';
import type { OpenArchive } from '../archive/open-archive.js';
import { isSameTime } from './same-time.js';

/** What a file is now. */
export interface FileFacts {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly mode: number;
  /** Undefined: size and time decide. */
  readonly crc: number | undefined;
}

export type Change = 'new' | 'changed' | 'unchanged';

/** The entries of a full by name, and which of them the store still has. */
export class BaseIndex {
  readonly #places = new Map<string, number>();
  readonly #tables: EntryTable[] = [];
  readonly #starts: number[] = [];
  readonly #seen: Uint8Array;

  constructor(archive: OpenArchive) {
    let total = 0;
    for (const { table } of archive.volumes) {
      this.#tables.push(table);
      this.#starts.push(total);
      for (let index = 0; index < table.count; index++) {
        const part = table.part(index);
        if (part && part.index > 0) continue;
        this.#places.set(part ? wholeName(table.name(index)) : table.name(index), total + index);
      }
      total += table.count;
    }
    this.#seen = new Uint8Array(total);
  }

  /** Compares a file, or a directory by its name with `/`, with its entry, and remembers that it exists. */
  compare(name: string, file: FileFacts): Change {
    const place = this.#places.get(name);
    if (place === undefined) return 'new';
    this.#seen[place] = 1;
    const { table, index } = this.#entryAt(place);
    const entryMode = table.mode(index);
    if (entryMode !== 0 && (entryMode & 0o7777) !== (file.mode & 0o7777)) return 'changed';
    const part = table.part(index);
    if (!name.endsWith('/') && (part?.totalBytes ?? table.size(index)) !== file.sizeBytes) return 'changed';
    if (file.crc !== undefined) return part || table.crc(index) !== file.crc ? 'changed' : 'unchanged';
    return isSameTime(file.mtimeNs, table.mtimeTicks(index), table.precision(index)) ? 'unchanged' : 'changed';
  }

  /** The names that nobody asked for: what the store no longer has. */
  *missing(): Generator<string> {
    for (const [name, place] of this.#places) {
      if (this.#seen[place] !== 1) yield name;
    }
  }

  #entryAt(place: number): { table: EntryTable; index: number } {
    let volume = this.#starts.length - 1;
    while (volume > 0 && (this.#starts[volume] ?? 0) > place) volume--;
    const table = this.#tables[volume];
    if (!table) throw new Error('a full has at least one volume');
    return { table, index: place - (this.#starts[volume] ?? 0) };
  }
}
