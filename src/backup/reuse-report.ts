import { archiveName, parseVolumeName } from '../archive/names.js';
import type { ReusedText } from '../archive/summary.js';
import type { CopyRecord, NotCopied } from '../archive/write/copy-record.js';
import { plural } from '../platform/units.js';
import type { NoReuse } from './reuse-base.js';
import type { PlannedReuse } from './plan-reuse.js';
import type { ReusedArchive, ReuseReport } from './request.js';

/** What is copied out of older archives, for the report and for the archive itself. Pure. */

/** The report of what is to be copied. */
export function reportPlannedReuse(
  planned: PlannedReuse | NoReuse,
): ReuseReport {
  if ('reason' in planned) {
    const { reason } = planned;

    return { archives: [], files: 0, storedBytes: 0, readInstead: 0, reason };
  }

  const { volumes } = planned;
  const counts = volumes.map(({ stem, files, storedBytes }) => ({
    stem,
    files,
    storedBytes,
  }));

  return { ...sumUp(counts), readInstead: 0, reason: undefined };
}

/** What the archive says of itself at its beginning, before anything is copied. */
export function describeReuse({ volumes, depth }: PlannedReuse): ReusedText {
  const from = [...new Set(volumes.map(({ stem }) => stem))];

  return { from, depth, ...total(volumes) };
}

/** The report of what was copied. */
export function reportReuse(copied: CopyRecord): ReuseReport {
  const counts = [...copied.counts].map(([volume, count]) => ({
    stem: stemOf(volume),
    ...count,
  }));

  return {
    ...sumUp(counts),
    readInstead: copied.faults.length,
    reason: undefined,
  };
}

/** A warning for each archive that did not give what it was to give. */
export function warnOfFaults({ faults }: CopyRecord): string[] {
  const byStem = new Map<string, NotCopied[]>();

  for (const fault of faults) {
    const stem = stemOf(fault.volume);
    const own = byStem.get(stem) ?? [];

    own.push(fault);
    byStem.set(stem, own);
  }

  return [...byStem].map(([stem, own]) => describeFaults(stem, own));
}

function describeFaults(stem: string, faults: readonly NotCopied[]): string {
  const [first] = faults;
  const isDamage = faults.some((fault) => fault.isDamage);
  const what = isDamage ? 'is damaged' : 'could not be read';

  return `${archiveName(stem)} ${what} (${first?.name ?? ''}: ${first?.reason ?? ''}): ${plural(faults.length, 'file')} that were to be copied out of it were read from the store`;
}

export function stemOf(volume: string): string {
  return parseVolumeName(volume)?.stem ?? volume;
}

interface Counts extends Omit<ReusedArchive, 'archive'> {
  readonly stem: string;
}

function sumUp(
  counts: readonly Counts[],
): Pick<ReuseReport, 'archives' | 'files' | 'storedBytes'> {
  const stems = [...new Set(counts.map(({ stem }) => stem))];

  // The time in a name follows its letter.
  stems.sort((a, b) => (a.slice(1) < b.slice(1) ? 1 : -1));

  const archives = stems.map((stem) => {
    const own = counts.filter((count) => count.stem === stem);

    return { archive: archiveName(stem), ...total(own) };
  });

  return { archives, ...total(archives) };
}

function total(
  counts: readonly Omit<ReusedArchive, 'archive'>[],
): Omit<ReusedArchive, 'archive'> {
  return {
    files: counts.reduce((sum, { files }) => sum + files, 0),
    storedBytes: counts.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
  };
}
