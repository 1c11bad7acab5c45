import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Chain } from '../archive/chain.js';
import { Turns } from '../platform/turns.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { LeftOutPaths } from '../store/left-out-paths.js';
import type { TwoPlaces } from './carry-over.js';
import { placedName } from './live-roots.js';
import type { PlacedTop } from './placed-tops.js';
import type { RecoverRequest } from './request.js';

/**
 * The live folders that an archive leaves out on purpose stay, where something above them is recovered. Who asks for such a
 * folder by its name gets what the archive has of it.
 */
export class StayingFolders {
  readonly #leftOut: LeftOutPaths;
  readonly #asked: readonly string[];

  /** @param roots the paths below the store that are recovered; undefined: top-level names whole */
  constructor(
    { isInPlace, isAdditive }: RecoverRequest,
    { point }: Chain,
    roots: readonly string[] | undefined,
  ) {
    // With --in-place everything live is removed first, and what is added removes nothing.
    const isKept = !isInPlace && !isAdditive;
    const patterns = isKept ? (point.facts.version?.leavesOut ?? []) : [];

    this.#leftOut = new LeftOutPaths(patterns);
    this.#asked = (roots ?? [])
      .map((root) => `${placedName('store', root)}/`)
      .filter((name) => this.#leftOut.covers(name));
  }

  /** Says whether a live file stays, by its entry name. */
  stays(entryName: string): boolean {
    return (
      this.#leftOut.covers(entryName) &&
      !this.#asked.some((asked) => entryName.startsWith(asked))
    );
  }

  /** Where such folders are live, and where they are to be staged. */
  async find(
    tops: readonly PlacedTop[],
    units: readonly SwapUnit[],
    signal: AbortSignal | undefined,
  ): Promise<TwoPlaces[]> {
    if (this.#leftOut.isEmpty) return [];

    const found: TwoPlaces[] = [];
    const turns = new Turns();
    const open = units.flatMap((unit) => this.#toPlace(unit, tops));

    for (let next = open.pop(); next; next = open.pop()) {
      await turns.pass();
      signal?.throwIfAborted();

      const { live, staged, name } = next;

      if (this.stays(name)) {
        found.push({
          live,
          staged,
        });
        continue;
      }

      for (const child of directoriesIn(live)) {
        open.push({
          live: join(live, child),
          staged: join(staged, child),
          name: `${name}${child}/`,
        });
      }
    }

    return found;
  }

  /** A unit with its entry name; none for a file. */
  #toPlace(
    { live, staged }: SwapUnit,
    tops: readonly PlacedTop[],
  ): (TwoPlaces & { readonly name: string })[] {
    const top = tops.find(
      ({ placement }) =>
        live === placement.live || live.startsWith(join(placement.live, '/')),
    );
    if (!top || !isDirectory(live)) return [];

    const { area, placement } = top;
    const rest = live.slice(placement.live.length).replaceAll('\\', '/');
    const name = `${placedName(area, placement.name)}${rest}/`;

    return [
      {
        live,
        staged,
        name,
      },
    ];
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function directoriesIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
