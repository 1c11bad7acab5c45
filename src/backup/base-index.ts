import { type DirectoryRun, directoryRuns } from '../archive/directory-runs.js';
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

/** The entries of a full by directory and name, and which of them the store still has. */
export class BaseIndex {
  readonly #directories = new Map<string, Map<string, number>>();
  readonly #tables: EntryTable[] = [];
  readonly #starts: number[] = [];
  readonly #seen: Uint8Array;

  constructor(archive: OpenArchive) {
    let total = 0;
    for (const { table } of archive.volumes) {
      this.#tables.push(table);
      this.#starts.push(total);
      for (const run of directoryRuns(table)) this.#addRun(table, run, total);
      total += table.count;
    }
    this.#seen = new Uint8Array(total);
  }

  /**
   * Compares a file, or a directory by its name with `/`, with its entry, and remembers that it exists.
   * @param prefix the directory's entry name, with `/`
   */
  compare(prefix: string, name: string, file: FileFacts): Change {
    const place = this.#directories.get(prefix)?.get(name);
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

  /** The entry names that nobody asked for: what the store no longer has. */
  *missing(): Generator<string> {
    for (const [prefix, names] of this.#directories) {
      for (const [name, place] of names) if (this.#seen[place] !== 1) yield prefix + name;
    }
  }

  #addRun(table: EntryTable, { prefix, start, end }: DirectoryRun, offset: number): void {
    const names = this.#directories.get(prefix) ?? new Map<string, number>();
    this.#directories.set(prefix, names);
    const skip = Buffer.byteLength(prefix);
    for (let index = start; index < end; index++) {
      const part = table.part(index);
      if (part && part.index > 0) continue;
      const name = table.nameBytes(index).toString('utf8', skip);
      names.set(part ? wholeName(name) : name, offset + index);
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

/** Cuts an entry name into its directory, with `/`, and its name there. */
export function splitName(name: string): { prefix: string; name: string } {
  const at = name.lastIndexOf('/', name.length - 2) + 1;
  return { prefix: name.slice(0, at), name: name.slice(at) };
}
