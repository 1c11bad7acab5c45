/** The report of a rotation: a line for each archive, and what is left. Pure. */
import type { ArchiveState } from '../archive/archive-state.js';
import { countKept, type KeptCounts } from '../archive/kept-counts.js';
import { archiveName } from '../archive/names.js';
import type { RetentionPolicy, Verdict } from './policy.js';

interface RotateVerdict {
  readonly archive: string;
  readonly action: Verdict['action'];
  /** The same as `action`. */
  readonly verdict: Verdict['action'];
  /** All reasons in a line. */
  readonly reason: string;
  /** The rules that keep it, or why it goes. */
  readonly reasons: readonly string[];
  readonly sizeBytes: number;
  /** Why an archive that was to go is still there. */
  readonly failure?: string;
}

export interface RotateReport {
  readonly schema: 'kms-backup/rotate/1';
  readonly isDryRun: boolean;
  /** The number of complete backups that stay at most; null where the rules set no such number. */
  readonly limit: number | null;
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
  readonly policy: RetentionPolicy;
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
  { isDryRun, policy, now }: RotationFacts,
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
    limit: policy.limit ?? null,
    policy: policy.describe(),
    verdicts: rows,
    kept: countKept(
      statesLeft(verdicts, stays),
      now,
      new Set(
        verdicts
          .filter(({ isPinnedOnly }) => isPinnedOnly)
          .map(({ state }) => state),
      ),
    ),
    removedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    failures: rows.filter(({ failure }) => failure !== undefined).length,
  };
}

function toRow(verdict: Verdict, stay: Stay | undefined): RotateVerdict {
  const { state, action, reasons } = verdict;
  const { stem, sizeBytes } = state.facts.files;
  const rowOf = (
    what: Verdict['action'],
    why: readonly string[],
  ): RotateVerdict => ({
    archive: archiveName(stem),
    action: what,
    verdict: what,
    reason: why.join(', '),
    reasons: why,
    sizeBytes,
  });

  if (!stay) return rowOf(action, reasons);
  if (!stay.isLocked) {
    return { ...rowOf(action, reasons), failure: stay.reason };
  }

  return rowOf('keep', [stay.reason, ...reasons]);
}
