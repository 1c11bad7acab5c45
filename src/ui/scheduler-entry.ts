import { KmsError } from '../errors.js';
import { checkInstalled } from '../schedule/install.js';
import { planJob, type SchedulerJob, type SchedulerKind } from '../schedule/job.js';
import { findInstallation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import type { Check } from '../status/doctor.js';
import { ownProgram } from './schedule-command.js';

/** The flags that say what an entry is to be. */
interface EntryFlags {
  readonly 'server-dir'?: string | undefined;
  readonly name: string;
  readonly 'even-if-disabled'?: boolean;
}

/** The entry for the operating system's scheduler that a command's flags ask for. */
export function entryFor(flags: EntryFlags): SchedulerJob {
  const installation = findInstallation({ serverDir: flags['server-dir'] });
  const command = [...ownProgram(), 'schedule', 'run', '--server-dir', installation.dir, '--quiet'];
  if (flags['even-if-disabled']) command.push('--even-if-disabled');
  return planJob(readSettings(installation).schedule, { name: flags.name, command, serverDir: installation.dir });
}

/** Why an entry and the server's own backup do not go together, with what to do; undefined where exactly one backs up. */
export function entryConflict(isEnabled: boolean, isEvenIfDisabled: boolean): Omit<Check, 'name'> | undefined {
  if (isEnabled) {
    return {
      state: 'warning',
      fact: 'backup is enabled in mailserver.cfg: while the server runs, both work through the schedule',
      advice: 'Let one do it: config set enabled=false and schedule install --even-if-disabled, or schedule uninstall.',
    };
  }
  if (isEvenIfDisabled) return undefined;
  return {
    state: 'problem',
    fact: 'backup is disabled in mailserver.cfg: the entry does nothing, and nobody backs up',
    advice: 'schedule install --even-if-disabled, or config set enabled=true.',
  };
}

/** Who works through the schedule: the server, an entry in the operating system's scheduler, both or nobody. */
export function checkScheduler(flags: EntryFlags, isEnabled: boolean): Check {
  const name = 'scheduler';
  try {
    for (const kind of readableKinds()) {
      const plain = checkInstalled(kind, entryFor({ ...flags, 'even-if-disabled': false }));
      if (plain === 'none') continue;
      const isForced = checkInstalled(kind, entryFor({ ...flags, 'even-if-disabled': true })) === 'current';
      if (plain === 'outdated' && !isForced) {
        const advice = `schedule install --to ${kind}${isEnabled ? '' : ' --even-if-disabled'}`;
        return { name, state: 'warning', fact: `the ${kind} entry is not what the schedule asks for`, advice };
      }
      const fact = `the ${kind} entry works through the schedule`;
      return { name, ...(entryConflict(isEnabled, isForced) ?? { state: 'ok', fact }) };
    }
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    return { name, state: 'ok', fact: `not looked at: ${error.message}` };
  }
  if (isEnabled) return { name, state: 'ok', fact: 'no entry of ours; the server works through its schedule' };
  const fact = 'backup is disabled in mailserver.cfg, and there is no entry of ours';
  return { name, state: 'warning', fact, advice: 'config set enabled=true, or schedule install --even-if-disabled.' };
}

/** The Task Scheduler gives its entries back in its own words: they cannot be compared. */
function readableKinds(): Exclude<SchedulerKind, 'schtasks'>[] {
  if (process.platform === 'win32') return [];
  return process.platform === 'darwin' ? ['launchd', 'cron'] : ['cron', 'systemd'];
}
