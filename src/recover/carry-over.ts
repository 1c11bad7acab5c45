import {
  type BigIntStats,
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findEntryFault } from '../archive/entry-names.js';
import { hidesNames, type Missing } from '../archive/salvage/missing.js';
import { FailedError } from '../errors.js';
import { giveTime, ticksOf } from '../platform/file-times.js';
import { optionally } from '../platform/optional-calls.js';
import { makeOwnedDirectories } from '../platform/owned-directories.js';
import { syncTree } from '../platform/sync-tree.js';
import { Turns } from '../platform/turns.js';
import { STAGING_NAME } from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { placeOf } from '../store/entry-place.js';
import { hasMessageName, MESSAGE_DIRECTORY } from '../store/message-file.js';
import { INDEX_FILE, REBUILT_FILES } from '../store/store-path.js';
import type { PlacedTop } from './placed-tops.js';
import { toStageError } from './stage.js';
import { dropStaged } from './staging.js';

/**
 * What a salvage cannot bring and the live store has stays: it is taken over into the staged state before that takes the place
 * of the live one. Where every loss is known by name these are the files of these names; where names are lost too, it is
 * every live file that the staged state lacks. So does what the archive leaves out on purpose.
 */

/** The staged and the live state, and what of the archive is lost. */
export interface CarryOver {
  readonly tops: readonly PlacedTop[];
  readonly units: readonly SwapUnit[];
  readonly stagingDirs: readonly string[];
  readonly missing: readonly Missing[];
  /** What the archive leaves out on purpose. */
  readonly staying: readonly TwoPlaces[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * @returns the live files that stay
 * @throws {KmsError} with the old state in place and nothing staged
 */
export async function carryOver(state: CarryOver): Promise<string[]> {
  const { units, stagingDirs, missing, staying, signal } = state;
  if (missing.length + staying.length === 0) return [];

  const carrier = new Carrier(signal);

  try {
    if (hidesNames(missing)) {
      for (const { live, staged } of units) await carrier.carry(live, staged);
    } else {
      for (const { live, staged } of namedPlaces(state)) {
        await carrier.carry(live, staged);
      }
    }

    for (const { live, staged } of staying) await carrier.carry(live, staged);

    if (carrier.carried.length > 0) stagingDirs.forEach(syncTree);

    return carrier.carried;
  } catch (error) {
    stagingDirs.forEach(dropStaged);
    throw toStageError(error);
  }
}

/** The place of a file or directory in both states. */
export interface TwoPlaces {
  readonly live: string;
  readonly staged: string;
}

/** The places of the files that are missing by name, as far as something is replaced there. */
function namedPlaces({ tops, units, missing }: CarryOver): TwoPlaces[] {
  const places = missing.flatMap(({ entry, kind }) => {
    // A damaged or hostile name is that of no live file.
    const isFile =
      entry !== null &&
      kind !== 'directory' &&
      findEntryFault(entry) === undefined;
    const place = isFile ? placeOf(entry) : undefined;
    const top = tops.find(
      ({ area, placement: { name } }) =>
        area === place?.area &&
        (place.path === name || place.path.startsWith(`${name}/`)),
    );
    if (!place || !top) return [];

    const { name, live, staged } = top.placement;
    const rest = place.path.slice(name.length);

    return [{ live: join(live, rest), staged: join(staged, rest) }];
  });

  return places.filter(({ live }) =>
    units.some((unit) => live === unit.live || isBelow(live, unit.live)),
  );
}

function isBelow(path: string, directory: string): boolean {
  const parent = dirname(path);

  return (
    parent === directory || (parent !== path && isBelow(parent, directory))
  );
}

/** Takes live files over into the staged state, each under its own name, where that has none. */
class Carrier {
  readonly carried: string[] = [];
  /** Staged folders whose messages are the live ones, all of them: their live index fits. */
  readonly #liveFolders = new Set<string>();
  readonly #turns = new Turns();

  constructor(private readonly signal: AbortSignal | undefined) {}

  async carry(live: string, staged: string): Promise<void> {
    await this.#turns.pass();
    this.signal?.throwIfAborted();

    const stats = lstatSync(live, { throwIfNoEntry: false });
    if (!stats) return;

    const own = lstatSync(staged, { bigint: true, throwIfNoEntry: false });
    if (own && own.isDirectory() !== stats.isDirectory()) throw notBoth(live);

    if (!stats.isDirectory()) {
      if (!own) this.#carryUnlessStale(live, staged, stats);
      return;
    }

    await this.#carryDirectory(live, staged, own);
  }

  async #carryDirectory(
    live: string,
    staged: string,
    own: BigIntStats | undefined,
  ): Promise<void> {
    const before = this.carried.length;
    this.#lookAtFolder(live, staged);

    if (!own) {
      makeOwnedDirectories(dirname(staged));
      mkdirSync(staged);
    }

    for (const name of readdirSync(live)) {
      if (name.startsWith(STAGING_NAME) || name === 'lost+found') continue;

      await this.carry(join(live, name), join(staged, name));
    }

    if (!own) giveLook(live, staged);
    else if (this.carried.length > before) giveTime(staged, ticksOf(own));
  }

  /** An index of other messages must not stay beside them: the server makes it anew, and the flags in it stay aside. */
  #carryUnlessStale(live: string, staged: string, stats: Stats): void {
    const name = basename(live);
    const isStale = REBUILT_FILES.includes(name) && this.#isMixed(staged);

    if (!isStale) {
      this.#carryFile(live, staged, stats);
    } else if (name === INDEX_FILE) {
      const aside = asideOf('before-recover', { live, staged });
      this.#carryFile(live, aside, stats);
    }
  }

  #carryFile(live: string, staged: string, stats: Stats): void {
    makeOwnedDirectories(dirname(staged));

    if (stats.isSymbolicLink()) {
      symlinkSync(readlinkSync(live), staged);
    } else if (!stats.isFile()) {
      return;
    } else if (!hasMessageName(live) || !tryLink(live, staged)) {
      copyFileSync(live, staged);
      giveLook(live, staged);
    }

    this.carried.push(live);
  }

  /**
   * An index that does not name a message would hide it, and only one that is missing is made anew by the server (docs/kerio.md
   * 7.3): where messages are taken over, that of the archive goes aside, because flags are nowhere else.
   */
  #lookAtFolder(live: string, staged: string): void {
    const own = namesIn(join(staged, MESSAGE_DIRECTORY));
    if (own.length === 0) this.#liveFolders.add(staged);

    const known = new Set(own);
    const isMore = namesIn(join(live, MESSAGE_DIRECTORY)).some(
      (name) => !known.has(name),
    );
    if (!isMore) return;

    const index = join(staged, INDEX_FILE);
    if (exists(index)) {
      const places = { live: join(live, INDEX_FILE), staged: index };
      renameSync(index, asideOf('from-archive', places));
    }

    for (const name of REBUILT_FILES) {
      rmSync(join(staged, name), { force: true });
    }
  }

  /** Says whether messages lie beside a staged file that the archive brings. */
  #isMixed(staged: string): boolean {
    const folder = dirname(staged);

    return (
      !this.#liveFolders.has(folder) && exists(join(folder, MESSAGE_DIRECTORY))
    );
  }
}

/** A name beside an index that neither state has. */
function asideOf(word: string, { live, staged }: TwoPlaces): string {
  let ending = `.${word}`;

  for (
    let number = 1;
    exists(live + ending) || exists(staged + ending);
    number++
  ) {
    ending = `.${word}.${number}`;
  }

  return staged + ending;
}

function namesIn(directory: string): string[] {
  return exists(directory) ? readdirSync(directory) : [];
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** A message never changes, and so may have a name in both states. */
export function tryLink(live: string, staged: string): boolean {
  try {
    linkSync(live, staged);

    return true;
  } catch {
    return false;
  }
}

/** The owner, rights and time of the live one. */
export function giveLook(live: string, staged: string): void {
  const stats = lstatSync(live);
  if (process.platform !== 'win32') {
    if (process.getuid?.() === 0) {
      optionally('owner', staged, () => {
        chownSync(staged, stats.uid, stats.gid);
      });
    }

    optionally('mode', staged, () => {
      chmodSync(staged, stats.mode & 0o7777);
    });
  }

  giveTime(staged, ticksOf(lstatSync(live, { bigint: true })));
}

function notBoth(path: string): FailedError {
  return new FailedError(
    `${path} is a file, and a directory in the archive, or the other way round: not both can stay`,
    {
      hints: [
        'Nothing was changed. Recover with --salvage --additive, or to another place with --store.',
      ],
    },
  );
}
