/** What a rotation leaves because far less mail was found after it. Pure. */
import { archiveName } from '../archive/names.js';
import type { MassLossRecord } from '../archive/mass-loss-record.js';
import type { RotationPlan } from './plan-rotation.js';
import type { Verdict } from './policy.js';

/** The plan without the archives that an unacknowledged loss of mail keeps. */
export function holdBack(
  plan: RotationPlan,
  loss: MassLossRecord | undefined,
): RotationPlan {
  if (!loss) return plan;

  const held = new Set(loss.keeps);
  const isHeld = ({ state }: Verdict): boolean =>
    held.has(archiveName(state.facts.files.stem));
  const reason = `the last before the loss of mail that ${loss.archive} found; status --acknowledge lets it go`;

  return {
    verdicts: plan.verdicts.map((verdict) =>
      isHeld(verdict) ? { ...verdict, action: 'keep', reason } : verdict,
    ),
    removals: plan.removals.filter((verdict) => !isHeld(verdict)),
  };
}
