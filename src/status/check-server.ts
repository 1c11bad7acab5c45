import type { Clock } from '../platform/clock.js';
import { findRunningEngine } from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import { readNotifyAddress } from '../server/notify-address.js';
import type { KeptState } from '../server/kept-states.js';
import { describeKept } from '../server/kept-words.js';
import type { UnfinishedRecover } from '../server/recover-mark.js';
import { describeStopped, findLeftStopped } from '../server/restart-mark.js';
import type { ServerSettings } from '../server/settings.js';
import { type Check, ok, problem, warning } from './check.js';

export function checkRecover(found: UnfinishedRecover | undefined): Check {
  if (!found) return ok('recover', 'none is unfinished');
  return found.isRunning
    ? warning('recover', found.fact, found.advice)
    : problem('recover', found.fact, found.advice);
}

/** Nobody undoes a recover of last week, and what it replaced takes space. */
const KEPT_LONG_MS = 7 * 86_400_000;

export function checkKept(kept: readonly KeptState[], now: Date): Check {
  const name = 'kept states';
  if (kept.length === 0) return ok(name, 'none');

  const fact = kept.map((state) => describeKept(state, now)).join('; ');
  const isOld = kept.some(
    ({ startedAt }) => now.getTime() - Date.parse(startedAt) > KEPT_LONG_MS,
  );

  return isOld
    ? warning(
        name,
        fact,
        'recover --rollback brings the last back, recover --forget removes them.',
      )
    : ok(name, fact);
}

/** Another check, that of the scheduler, asks who works through it. */
export function checkSchedule({ schedule }: ServerSettings): Check {
  const enabled = schedule.filter(({ isEnabled }) => isEnabled);
  if (enabled.length === 0) {
    return problem(
      'schedule',
      'no task is enabled',
      'schedule reset, or schedule add.',
    );
  }

  return enabled.some(({ type }) => type === 'full')
    ? ok('schedule', `${enabled.length} tasks`)
    : problem(
        'schedule',
        'no task makes a full backup',
        'schedule add --type full --day sun --time 01:00',
      );
}

/** The server's first archives carry 2005 in their names: a clock before this program was written is wrong. */
export function checkClock(now: Date): Check {
  const fact = `${now.toISOString()} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
  return now.getUTCFullYear() >= 2024
    ? ok('clock', fact)
    : problem('clock', fact, "Set the machine's clock.");
}

export async function checkEngine(
  installation: Installation,
  clock: Clock,
): Promise<Check> {
  const stopped = await findLeftStopped(installation, clock);
  if (stopped) {
    const { fact, advice } = describeStopped(installation, stopped);

    return problem('mail server', fact, advice);
  }

  const engine = await findRunningEngine(installation);
  return ok(
    'mail server',
    engine
      ? `runs (${engine.name}, pid ${engine.pid}); stop it to recover or edit, or let --restart-server do it`
      : 'does not run',
  );
}

export function checkNotification(
  { notifyAddress }: ServerSettings,
  recipients: readonly string[] | undefined,
): Check {
  const name = 'notification';
  const advice = 'config set notify=admin@example.com';
  if (recipients !== undefined) return ok(name, recipients.join(', '));

  const { to, problem: fault } = readNotifyAddress(notifyAddress);
  if (fault !== undefined) return warning(name, fault, advice);

  return to.length === 0
    ? warning(name, 'nobody is told when a backup fails', advice)
    : ok(name, to.join(', '));
}
