/** The report of a rotation: a line for each archive, and what is left. Pure. */
import type { ArchiveState } from '../archive/archive-state.js';
import { countKept, type KeptCounts } from '../archive/kept-counts.js';
import { archiveName } from '../archive/names.js';
import type { Verdict } from './policy.js';

interface RotateVerdict {
  readonly archive: string;
  readonly action: Verdict['action'];
  readonly reason: string;
  readonly sizeBytes: number;
  /** Why an archive that was to go is still there. */
  readonly failure?: string;
}

export interface RotateReport {
  readonly schema: 'kms-backup/rotate/1';
  readonly isDryRun: boolean;
  readonly limit: number;
  /** The rule of what is kept, in words. */
  readonly policy: string;
  readonly verdicts: readonly RotateVerdict[];
  /** The archives that are left, or would be. */
  readonly kept: KeptCounts;
  readonly removedBytes: number;
  readonly failures: number;
}

/** Why an archive that was to go is still there. */
export interface Stay {
  readonly reason: string;
  /** Nobody may remove it yet: that is no failure. */
  readonly isLocked: boolean;
}

/** What a rotation was to do. */
interface RotationFacts {
  readonly isDryRun: boolean;
  readonly limit: number;
  /** The rule of what is kept, in words. */
  readonly policy: string;
  readonly now: Date;
}

/** The archives that are still there. */
export function statesLeft(
  verdicts: readonly Verdict[],
  stays: ReadonlyMap<Verdict, Stay>,
): ArchiveState[] {
  return verdicts
    .filter((verdict) => verdict.action === 'keep' || stays.has(verdict))
    .map(({ state }) => state);
}

export function reportRotation(
  { isDryRun, limit, policy, now }: RotationFacts,
  verdicts: readonly Verdict[],
  stays: ReadonlyMap<Verdict, Stay>,
): RotateReport {
  const rows = verdicts.map((verdict) => toRow(verdict, stays.get(verdict)));

  const removed = rows.filter(
    ({ action, failure }) => action === 'remove' && failure === undefined,
  );

  return {
    schema: 'kms-backup/rotate/1',
    isDryRun,
    limit,
    policy,
    verdicts: rows,
    kept: countKept(statesLeft(verdicts, stays), now),
    removedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    failures: rows.filter(({ failure }) => failure !== undefined).length,
  };
}

function toRow(
  { state, action, reason }: Verdict,
  stay: Stay | undefined,
): RotateVerdict {
  const { stem, sizeBytes } = state.facts.files;
  const row = { archive: archiveName(stem), action, reason, sizeBytes };
  if (!stay) return row;
  if (!stay.isLocked) return { ...row, failure: stay.reason };

  return { ...row, action: 'keep', reason: `${stay.reason}; ${reason}` };
}
