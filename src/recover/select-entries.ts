import { checkChain } from '../archive/check-chain.js';
import type { StructureReport } from '../archive/check-entries.js';
import { checkSelected, checkStructure } from '../archive/check-structure.js';
import type { OpenVolume, ReadableArchive } from '../archive/open-archive.js';
import type { Indices } from '../archive/read/indices.js';
import type { Selection } from '../archive/read/read-archive.js';
import type { ReadArchive } from '../archive/verify.js';
import { type ChainIndex, volumesOf } from '../archive/chain-index.js';
import type { EntryFilter } from './entry-filter.js';
import { EntryTally, type TalliedEntries } from './entry-tally.js';

/** The entries of a chain that belong to its point in time and are wanted, checked before any is read. */

/** Entries of a chain that were chosen and checked. */
export interface ChainEntries extends TalliedEntries {
  /** Names that Windows could not hold. */
  readonly windowsNames: readonly string[];
  /** False for a differential that the server wrote: it does not say which files were deleted. */
  readonly knowsDeletions: boolean;
  /** Statements of the archives about themselves that are wrong, where nothing is damaged for it. */
  readonly warnings: readonly string[];
}

/**
 * The entries of a chain's point: those of the differential, and of its base those that are neither newer there nor deleted.
 * All of the archives' entries are checked where everything may be wanted, else the chosen ones: one folder out of a
 * million messages costs only its own entries.
 * @throws {DamagedArchiveError} naming an entry that no safe tool would recover
 */
export function selectFrom(
  chain: ChainIndex,
  filter: EntryFilter,
  isPart: boolean,
): ChainEntries {
  const tally = new EntryTally(filter, chain.parts);
  const isWhole = ({ archive }: ReadArchive): boolean =>
    !isPart && archive.lost.length === 0;

  const reports = chain.archives.map((index) => {
    const whole = isWhole(index) ? checkOnce(index) : undefined;
    const chosen = addVolumes(tally, chain, index.archive);

    return whole ?? checkSelected(index.archive, chosen);
  });

  if (chain.archives.every(isWhole)) checkTogether(chain);

  return toEntries(tally, chain, reports);
}

/** The same without a check, to look what there is; nothing may be read of it before `checkChosen`. */
export function selectUnchecked(
  chain: ChainIndex,
  filter: EntryFilter,
): readonly Selection[] {
  const tally = new EntryTally(filter, chain.parts);
  for (const volume of volumesOf(chain)) tally.addVolume(volume);

  return tally.selections;
}

/** @throws {DamagedArchiveError} naming an entry among the chosen that no safe tool would read */
export function checkChosen(
  chain: ChainIndex,
  selections: readonly Selection[],
): void {
  for (const { archive } of chain.archives) {
    const indicesOf = ({ table }: OpenVolume): Indices =>
      selections
        .filter((selection) => selection.table === table)
        .flatMap(({ indices }) => [...indices]);

    checkSelected(archive, archive.volumes.map(indicesOf));
  }
}

/** The structure of archives that were checked whole: a command may select from one several times. */
const checkedWhole = new WeakMap<ReadableArchive, StructureReport>();

function checkOnce({ archive, facts }: ReadArchive): StructureReport {
  const known = checkedWhole.get(archive);
  if (known) return known;

  const report = checkStructure(archive, facts);
  checkedWhole.set(archive, report);

  return report;
}

/** Adds all volumes of one archive; returns the chosen indices of each. */
function addVolumes(
  tally: EntryTally,
  chain: ChainIndex,
  { volumes }: ReadableArchive,
): Indices[] {
  return volumesOf(chain)
    .filter(({ volume }) => volumes.includes(volume))
    .map((volume) => tally.addVolume(volume));
}

/** A name may be a file in the full and a directory in its differential. */
function checkTogether({ archives, hidden }: ChainIndex): void {
  const [base, last] = archives;
  if (base && last && hidden) checkChain(base.archive, last.archive, hidden);
}

function toEntries(
  tally: EntryTally,
  { knowsDeletions }: ChainIndex,
  reports: readonly StructureReport[],
): ChainEntries {
  const { selections, tops, files, messages, bytes, foreign } = tally;

  return {
    selections,
    tops,
    files,
    messages,
    bytes,
    foreign,
    windowsNames: reports.flatMap(({ windowsNames }) => windowsNames),
    warnings: reports.flatMap(({ warnings }) => warnings),
    knowsDeletions,
  };
}
