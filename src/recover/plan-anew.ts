/** A plan that was shown while the mail server ran, made anew when it is stopped: mail came in, and the server has written its files. */
import { FailedError } from '../errors.js';
import { plural } from '../platform/units.js';
import { type PlannedRecover, planRecover } from './plan-recover.js';
import type { RecoverReport, RecoverRequest } from './request.js';

/**
 * The plan as it is now.
 * @throws {FailedError} where more would go for good than was shown, or another archive would come; else as `planRecover`
 */
export async function planAnew(
  request: RecoverRequest,
  shown: Pick<PlannedRecover, 'report'>,
): Promise<PlannedRecover> {
  const planned = await planRecover(request);
  const why = whyWorse(shown.report, planned.report);
  if (why === undefined) return planned;

  throw new FailedError(
    `the plan that was shown does not hold now that the mail server is stopped: ${why}`,
    { hints: ['Nothing was changed. Look at the plan again with --dry-run.'] },
  );
}

/** Why the second plan is none that somebody who agreed to the first has agreed to; what is kept for a rollback is not given up. */
function whyWorse(
  shown: RecoverReport,
  now: RecoverReport,
): string | undefined {
  if (shown.archives.join() !== now.archives.join()) {
    return `it would bring ${now.archives.join(', ')}`;
  }

  if (shown.keepsOld && !now.keepsOld) {
    return 'there is no room any more to keep what it replaces';
  }

  const more = goneMessages(now) - goneMessages(shown);

  return now.keepsOld || more <= 0
    ? undefined
    : `${plural(more, 'message')} more would go for good`;
}

function goneMessages({ loses, overwrittenMessages }: RecoverReport): number {
  return loses.messages + overwrittenMessages;
}
