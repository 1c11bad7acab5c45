import type { ArchiveState } from '../archive/archive-state.js';
import { judgeArchives, type RetentionPolicy, type Verdict } from './policy.js';

/** The plan of a rotation. Pure. */
export interface RotationPlan {
  /** One for every archive, oldest first. */
  readonly verdicts: readonly Verdict[];
  /** The archives that go, in this order: one that needs another goes before it. */
  readonly removals: readonly Verdict[];
}

export function planRotation(
  states: readonly ArchiveState[],
  policy: RetentionPolicy,
  now: Date,
): RotationPlan {
  const verdicts = judgeArchives(states, policy, now);
  const going = verdicts.filter(({ action }) => action === 'remove');

  return {
    verdicts,
    removals: [
      ...going.filter(isDifferential),
      ...going.filter((verdict) => !isDifferential(verdict)),
    ],
  };
}

function isDifferential({ state }: Verdict): boolean {
  return state.facts.files.type === 'differential';
}

/**
 * A file that was there when the plan was made and is not listed any more, or that should be there and never was.
 * @param listed the names of all volumes, as they are listed now
 * @param expects a volume that must be there; undefined: none
 */
export function findMissing(
  { verdicts }: RotationPlan,
  listed: ReadonlySet<string>,
  expects: string | undefined,
): string | undefined {
  const planned = verdicts.flatMap(({ state }) =>
    state.facts.files.volumes.map(({ name }) => name),
  );

  const missing = planned.find((name) => !listed.has(name));
  if (missing !== undefined || expects === undefined) return missing;

  return planned.includes(expects) ? undefined : expects;
}
