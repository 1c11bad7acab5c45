import { MAIL_ARCHIVE, type Component } from '../store/components.js';
import type { Area, EntryPlace } from '../store/entry-place.js';

/** The top-level names that a recover brings, and the space that each takes on a disk. */

/** `mail` or `lists` in the store, `sslcert` or `mailserver.cfg` in the install directory. */
export interface TopLevelName {
  readonly area: Area;
  readonly name: string;
  readonly component: Component;
  /** The sizes of its files on a disk: each rounded up to a block, directories included. */
  readonly diskBytes: number;
  readonly files: number;
}

/** Says whether a top-level name is the mail archive, which may lie anywhere. */
export function isMailArchive({ component }: TopLevelName): boolean {
  return component === MAIL_ARCHIVE;
}

const BLOCK_BYTES = 4096;
/** The share of a file in its directory and in the tables of its disk. */
const FILE_BYTES = 256;

/** A top-level name whose entries are being counted. */
export class CountedName implements TopLevelName {
  diskBytes = 0;
  files = 0;

  constructor(
    readonly area: Area,
    readonly name: string,
    readonly component: Component,
  ) {}

  addDirectory(): void {
    this.diskBytes += BLOCK_BYTES;
  }

  /** @param isFirst whether it is a whole file, or the first piece of one that was split */
  addFile(sizeBytes: number, isFirst: boolean): void {
    this.diskBytes +=
      Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES + FILE_BYTES;
    if (isFirst) this.files++;
  }
}

/** Gathers top-level names, place by place. */
export class TopLevelNames {
  readonly #names = new Map<string, CountedName>();

  get all(): readonly TopLevelName[] {
    return [...this.#names.values()];
  }

  /** The top-level name of a place. */
  of({ area, component, path }: EntryPlace): CountedName {
    const name = path.split('/', 1)[0] ?? '';
    const key = `${area}/${name}`;
    const known = this.#names.get(key);
    if (known) return known;

    const added = new CountedName(area, name, component);
    this.#names.set(key, added);

    return added;
  }
}
