import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import { placeOf } from '../store/entry-place.js';
import { livePathOf, type ServerDirectories } from '../store/live-places.js';

/** Where the files of a mail server lie, by the names of their entries. */
export class ServerPlaces {
  /** The real path of each top-level name: all mail may lie on another disk, behind a link. */
  readonly #roots = new Map<string, string | undefined>();

  constructor(private readonly directories: ServerDirectories) {}

  /** Undefined where nothing of that top-level name is there. */
  pathOf(entryName: string): string | undefined {
    const place = placeOf(entryName);
    if (!place) return undefined;

    const [top = '', ...rest] = place.path.split('/');
    const root = this.#rootOf(livePathOf(this.directories, place.area, top));

    return root === undefined ? undefined : join(root, ...rest);
  }

  #rootOf(path: string): string | undefined {
    if (!this.#roots.has(path)) this.#roots.set(path, realOf(path));

    return this.#roots.get(path);
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return undefined;
  }
}
