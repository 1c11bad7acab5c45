import type { ArchiveFacts } from './archive-facts.js';
import type { ArchiveState } from './archive-state.js';
import { identityOf } from './backup-directory.js';
import { partsOf } from './completeness.js';
import { describeLost, SALVAGE_HINT } from './damage.js';
import { HiddenNames, readDeleted } from './hidden-names.js';
import {
  openReadable,
  type OpenVolume,
  type ReadableArchive,
} from './open-archive.js';
import { type IsWantedRun, openFolders } from './open-folders.js';
import { LIMIT_WITHOUT_BASE, type ListLimit } from './read/read-deleted.js';
import type { ReadArchive } from './verify.js';
import { type DirectoryRun, directoryRuns } from './zip/directory-runs.js';
import { DamagedArchiveError } from '../errors.js';
import { collectGarbage } from '../platform/collect-garbage.js';
import type { Chain } from './chain.js';
import { toReadError } from './read-error.js';

/** A chain whose central directories are read. */
export interface ChainIndex {
  /** The base first. */
  readonly archives: readonly ReadArchive[];
  readonly point: ArchiveState;
  /** The names of the base that the differential replaces or deletes, by directory. */
  readonly hidden: HiddenNames | undefined;
  /** False for a differential that the server wrote: it does not say which files were deleted. */
  readonly knowsDeletions: boolean;
  /** The components that the point's archive was limited to: its base holds the others of an earlier moment. Undefined: everything. */
  readonly parts: ReadonlySet<string> | undefined;
}

/**
 * Reads the central directories of a chain; the facts are those of its inspection.
 * @throws {DamagedArchiveError} when the structure of an archive is broken
 */
export async function readChainIndex({ point }: Chain): Promise<ChainIndex> {
  await forgetOthers(point);

  const last = await readIndex(point.facts);
  const base = point.base && (await readIndex(point.base));

  return toIndex(point, { last, base });
}

/**
 * The same of some folders; undefined where an archive does not say where these lie, or not truly.
 * @throws {DamagedArchiveError} · {Error} as `readChainIndex`
 */
export async function readFolders(
  { point }: Chain,
  isWanted: IsWantedRun,
): Promise<ChainIndex | undefined> {
  const open = async (
    facts: ArchiveFacts,
  ): Promise<ReadArchive | undefined> => {
    const archive = await openFolders(facts, isWanted);

    return archive && { archive, facts };
  };

  const last = await open(point.facts);
  const base = point.base && (await open(point.base));
  const isThere = last && (base !== undefined || point.base === undefined);

  return isThere
    ? toIndex(point, { last, base, limit: LIMIT_WITHOUT_BASE })
    : undefined;
}

/** The archives of a point, read. */
interface ReadPoint {
  readonly last: ReadArchive;
  readonly base: ReadArchive | undefined;
  /** That of the list of deleted names; undefined: what the base can need. */
  readonly limit?: ListLimit;
}

async function toIndex(
  point: ArchiveState,
  { last, base, limit }: ReadPoint,
): Promise<ChainIndex> {
  const named = partsOf(point.facts);
  const parts = named && new Set(named);

  if (!base) {
    return {
      archives: [last],
      point,
      hidden: undefined,
      knowsDeletions: true,
      parts,
    };
  }

  refuseOtherBase(base, last);

  const deleted = await readDeleted(last, base.archive, limit);

  return {
    archives: [base, last],
    point,
    hidden: new HiddenNames(last, deleted),
    knowsDeletions: deleted !== undefined,
    parts,
  };
}

/** The archives of the point that was read last: a command asks for one point several times, or for its neighbours. */
let recent: readonly RecentArchive[] = [];

interface RecentArchive {
  readonly identity: string;
  readonly archive: ReadableArchive;
}

/** What is worth a collection of garbage: the central directories of fifty thousand messages. */
const LARGE_BYTES = 8 << 20;

/** Central directories are large: those of other points go before the next are read. */
async function forgetOthers({ facts, base }: ArchiveState): Promise<void> {
  const wanted = [facts, base].map((one) => one && identityOf(one.files));
  const isWanted = ({ identity }: RecentArchive): boolean =>
    wanted.includes(identity);

  const freed = recent
    .filter((one) => !isWanted(one))
    .flatMap(({ archive }) => archive.volumes)
    .reduce((sum, { table }) => sum + table.release(), 0);

  recent = recent.filter(isWanted);

  if (freed >= LARGE_BYTES) await collectGarbage();
}

async function readIndex(facts: ArchiveFacts): Promise<ReadArchive> {
  const identity = identityOf(facts.files);
  const known = recent.find((one) => one.identity === identity);
  if (known) return { archive: known.archive, facts };
  if (facts.unreadable) throw toReadError(facts.unreadable);

  const archive = await openReadable(facts).catch((error: unknown) => {
    throw toReadError(error);
  });

  recent = [...recent, { identity, archive }];

  return { archive, facts };
}

/** A base that lacks a volume still has to be the one that the differential names. */
function refuseOtherBase(
  { archive }: ReadArchive,
  { facts }: ReadArchive,
): void {
  const named = facts.version?.baseDigest;
  if (
    named === undefined ||
    archive.digest === named ||
    archive.lost.length === 0
  ) {
    return;
  }

  throw new DamagedArchiveError(
    `${archive.lost.map(describeLost).join(', ')}: whether ${archive.files.stem}.zip is the full that ${facts.files.stem}.zip was measured against cannot be proven`,
    {
      hints: [
        'Put that volume back beside the others, or recover from another archive.',
        SALVAGE_HINT,
      ],
    },
  );
}

/** The same chain with other volumes of each archive. */
export function withVolumes(
  index: ChainIndex,
  volumesFor: (archive: ReadableArchive) => readonly OpenVolume[],
): ChainIndex {
  const archives = index.archives.map((own) => ({
    ...own,
    archive: { ...own.archive, volumes: volumesFor(own.archive) },
  }));

  return { ...index, archives };
}

/** A volume of a chain, with the names that are not of its point. */
export interface ChainVolume {
  readonly volume: OpenVolume;
  readonly hidden: HiddenNames | undefined;
}

/** The volumes of a chain, the base's first; only names of the base are hidden. */
export function volumesOf({ archives, hidden }: ChainIndex): ChainVolume[] {
  const last = archives.at(-1);

  return archives.flatMap((index) =>
    index.archive.volumes.map((volume) => ({
      volume,
      hidden: index === last ? undefined : hidden,
    })),
  );
}

/** Entries next to each other that lie in one directory of a chain's archive. */
export interface ChainRun extends DirectoryRun {
  readonly table: OpenVolume['table'];
  /** The names that are not of the chain's point. */
  readonly hidden: HiddenNames | undefined;
}

/** The directories of all volumes of a chain, in the order of the central directories. */
export function* runsOf(chain: ChainIndex): Generator<ChainRun> {
  for (const { volume, hidden } of volumesOf(chain)) {
    const { table } = volume;
    for (const run of directoryRuns(table)) {
      yield { ...run, table, hidden };
    }
  }
}
