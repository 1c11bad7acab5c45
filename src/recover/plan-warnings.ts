import {
  describeLeavesOut,
  describeParts,
  holdsMailArchive,
} from '../archive/completeness.js';
import { plural } from '../platform/units.js';
import { type Chain, describePassed } from '../archive/chain.js';
import type { ChainEntries } from './select-entries.js';
import { isMailArchive } from './top-level-names.js';

/** The warnings about a chain that a plan shows. Pure. */

/** @param missing the files that the report names already */
export function warnOfChain(
  chain: Chain,
  entries: ChainEntries,
  missing: readonly string[],
): string[] {
  return [
    ...describePassed(chain),
    ...warnOfPoint(chain, missing),
    ...warnOfOlder(chain, entries),
    ...warnOfEntries(entries),
    ...entries.warnings,
  ];
}

/** Warns of parts that the archive of the point does not have. */
function warnOfPoint({ point }: Chain, missing: readonly string[]): string[] {
  const archive = `${point.facts.files.stem}.zip`;
  const parts = describeParts(point.facts);
  const warnings: string[] = [];

  if (parts !== undefined) {
    warnings.push(
      `${archive} holds only ${parts}: everything else stays as it is`,
    );
  }

  const leftOut = describeLeavesOut(point.facts);
  if (leftOut !== undefined) warnings.push(leftOut);

  const lacks = point.lacks.filter((name) => !missing.includes(name));
  if (lacks.length > 0) {
    warnings.push(
      `${archive} lacks ${lacks.join(', ')}: it is no complete backup, and what is there stays`,
    );
  }

  return warnings;
}

/** Warns of what comes from the full alone: the differential did not look at it. */
function warnOfOlder(
  { point, archives }: Chain,
  { tops }: ChainEntries,
): string[] {
  const [full] = archives;
  const isOlder =
    full !== undefined &&
    archives.length > 1 &&
    tops.some(isMailArchive) &&
    !holdsMailArchive(point.facts);
  if (!isOlder) return [];

  return [
    `${point.facts.files.stem}.zip was made without the mail archive: that comes as ${full.stem}.zip has it`,
  ];
}

function warnOfEntries({
  knowsDeletions,
  foreign,
  windowsNames,
}: ChainEntries): string[] {
  const warnings: string[] = [];

  if (!knowsDeletions) {
    warnings.push(
      'the server wrote this differential: which mail was deleted since the full is unknown, and it comes back',
    );
  }

  if (foreign.length > 0) {
    warnings.push(
      `${plural(foreign.length, 'entry', 'entries')} of no part of a mail server left out, first ${JSON.stringify(foreign[0])}`,
    );
  }

  if (windowsNames.length > 0) {
    warnings.push(
      `${plural(windowsNames.length, 'name')} could not be recovered on Windows, first ${JSON.stringify(windowsNames[0])}`,
    );
  }

  return warnings;
}
