/** What stands in the way of a backup: a store that is half replaced, a run that keeps every other one out. */
import type { StatusFacts } from './status-report.js';
import { critical, type StatusWarning, warning } from './warning.js';

export function workWarnings({
  unfinishedRecover: recover,
  lock,
}: StatusFacts): StatusWarning[] {
  const warnings: StatusWarning[] = [];

  // No backup can be made of a store that is half replaced.
  if (recover) {
    warnings.push((recover.isRunning ? warning : critical)(recover.fact));
  }

  if (lock?.isSuspicious) {
    warnings.push(
      warning(
        `no backup can be made, the backup directory is locked: ${lock.fact}`,
      ),
    );
  }

  return warnings;
}
