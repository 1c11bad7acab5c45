import type { Component } from '../archive/components.js';
import { readText } from '../archive/archive-facts.js';
import { wholeName } from '../archive/entry-names.js';
import type { EntryTable } from '../archive/entry-table.js';
import { placeOf } from '../archive/layout.js';
import type { OpenVolume } from '../archive/open-archive.js';
import type { Selection } from '../archive/read-archive.js';
import { openFileSource } from '../archive/source.js';
import { DELETED_ENTRY } from '../archive/summary.js';
import { type CheckedArchive, openChecked } from '../archive/verify.js';
import type { Chain } from './chain.js';

/** What of a chain belongs to its point in time. */
export interface ChainEntries {
  readonly selections: readonly Selection[];
  /** The top-level names that the point holds, by area: `mail`, `mailserver.cfg`. */
  readonly tops: readonly {
    readonly area: 'store' | 'install';
    readonly name: string;
    readonly component: Component;
  }[];
  readonly files: number;
  readonly messages: number;
  readonly bytes: number;
  /** What the files take on a disk: each rounded up to a block, directories included. */
  readonly diskBytes: number;
  /** Entries that belong to no part of a mail server. */
  readonly foreign: readonly string[];
  /** Names that Windows could not hold. */
  readonly windowsNames: readonly string[];
  /** False for a differential that the server wrote: it does not say what was deleted. */
  readonly knowsDeletions: boolean;
}

const BLOCK_BYTES = 4096;

/** Decides whether an entry is wanted; undefined wants all. */
export type EntryFilter = (name: string) => boolean;

/**
 * The entries of a chain's point: those of the differential, and of its base what is neither newer there nor deleted.
 * @throws {DamagedArchiveError} before anything is read, when the structure of an archive is broken
 */
export async function selectEntries(chain: Chain, wants: EntryFilter): Promise<ChainEntries> {
  const opened: CheckedArchive[] = [];
  for (const files of chain.archives) opened.push(await openChecked(files));
  const [last] = opened.slice(-1);
  const isDifferential = opened.length > 1 && last !== undefined;
  const deleted = isDifferential ? await readDeleted(last) : undefined;
  const overridden = isDifferential ? namesOf(last, deleted ?? []) : new Set<string>();
  const tally = new Tally(wants);
  for (const archive of opened) {
    const hidden = archive === last ? undefined : overridden;
    for (const volume of archive.archive.volumes) tally.addVolume(volume, hidden);
  }
  return tally.finish(
    opened.flatMap(({ structure }) => structure.windowsNames),
    !isDifferential || deleted !== undefined,
  );
}

class Tally {
  readonly #selections: Selection[] = [];
  readonly #tops = new Map<string, ChainEntries['tops'][number]>();
  readonly #foreign: string[] = [];
  #files = 0;
  #messages = 0;
  #bytes = 0;
  #diskBytes = 0;

  constructor(private readonly wants: EntryFilter) {}

  addVolume({ file, table }: OpenVolume, hidden: ReadonlySet<string> | undefined): void {
    const indices: number[] = [];
    for (let index = 0; index < table.count; index++) {
      if (this.#add(table, index, hidden)) indices.push(index);
    }
    this.#selections.push({ volumePath: file.path, table, indices });
  }

  finish(windowsNames: readonly string[], knowsDeletions: boolean): ChainEntries {
    return {
      selections: this.#selections,
      tops: [...this.#tops.values()],
      files: this.#files,
      messages: this.#messages,
      bytes: this.#bytes,
      diskBytes: this.#diskBytes,
      foreign: this.#foreign,
      windowsNames,
      knowsDeletions,
    };
  }

  #add(table: EntryTable, index: number, hidden: ReadonlySet<string> | undefined): boolean {
    const part = table.part(index);
    const name = part ? wholeName(table.name(index)) : table.name(index);
    if (hidden?.has(name)) return false;
    const place = placeOf(name);
    if (!place) {
      if (!name.startsWith('.') || name.includes('/')) this.#foreign.push(name);
      return false;
    }
    if (!this.wants(name)) return false;
    const top = place.path.split('/', 1)[0] ?? '';
    const key = `${place.area}/${top}`;
    if (!this.#tops.has(key)) this.#tops.set(key, { area: place.area, name: top, component: place.component });
    const size = table.size(index);
    this.#bytes += size;
    this.#diskBytes += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES + (table.isDirectory(index) ? BLOCK_BYTES : 256);
    if (table.isDirectory(index) || (part && part.index > 0)) return true;
    this.#files++;
    if (name.endsWith('.eml')) this.#messages++;
    return true;
  }
}

function namesOf({ archive }: CheckedArchive, deleted: readonly string[]): Set<string> {
  const names = new Set(deleted);
  for (const { table } of archive.volumes) {
    for (let index = 0; index < table.count; index++) {
      const name = table.name(index);
      names.add(table.part(index) ? wholeName(name) : name);
    }
  }
  return names;
}

/** The names of `.deleted.txt`, or undefined where the archive has none. */
async function readDeleted({ archive }: CheckedArchive): Promise<string[] | undefined> {
  const [first] = archive.volumes;
  if (!first) return undefined;
  for (let index = 0; index < Math.min(first.table.count, 8); index++) {
    if (first.table.name(index) !== DELETED_ENTRY) continue;
    const source = openFileSource(first.file.path, first.file.name);
    try {
      return (await readText(source, first.table, index)).split('\n').filter((line) => line !== '');
    } finally {
      source.close();
    }
  }
  return undefined;
}
