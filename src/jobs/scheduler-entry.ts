import { ConfigurationError } from '../errors.js';
import { ownProgram } from '../platform/self.js';
import { planJob, type SchedulerJob } from '../schedule/job.js';
import type { Check } from '../status/check.js';
import { readOwnTasks } from './own-tasks.js';
import { openServer, type ServerFlags } from './server.js';

/** The flags that say what an entry is to be. */
export interface EntryFlags extends ServerFlags {
  readonly name: string;
  readonly 'even-if-disabled'?: boolean;
  readonly 'tasks-only'?: boolean;
}

/**
 * The entry for the operating system's scheduler that a command's flags ask for.
 * @param program what it calls, in words; default: this program
 */
export function entryFor(
  flags: EntryFlags,
  program: readonly string[] = ownProgram(),
): SchedulerJob {
  const { installation, settings } = openServer(flags);
  const command = [
    ...program,
    'schedule',
    'run',
    '--server-dir',
    installation.dir,
    '--quiet',
  ];

  if (flags['even-if-disabled']) command.push('--even-if-disabled');
  if (flags['tasks-only']) command.push('--tasks-only');

  const ownTasks = readOwnTasks(installation);
  if (flags['tasks-only'] && ownTasks.length === 0) throw noOwnTask();

  return planJob(
    flags['tasks-only'] ? [] : settings.schedule,
    {
      name: flags.name,
      command,
      serverDir: installation.dir,
    },
    ownTasks.flatMap(({ times }) => times),
  );
}

function noOwnTask(): ConfigurationError {
  return new ConfigurationError(
    '[tasks] of kms-backup.ini asks for nothing, neither verify nor drill',
    { hints: ['Write there when it is due: verify = sat 05:00.'] },
  );
}

/** The same in a sentence of its own, for an entry that is being written. */
export function conflictWarnings(flags: EntryFlags): string[] {
  const { backupEnabled } = openServer(flags).settings;
  const conflict = entryConflict(backupEnabled, flags);

  return conflict ? [`${conflict.fact}. ${conflict.advice ?? ''}`] : [];
}

const NOBODY_BACKS_UP: Omit<Check, 'name'> = {
  state: 'problem',
  fact: 'backup is disabled in mailserver.cfg and the entry makes none: nobody backs up',
  advice: 'config set enabled=true, or schedule install --even-if-disabled.',
};

/** Why an entry and the server's own backup do not go together, with what to do; undefined where exactly one backs up. */
export function entryConflict(
  isEnabled: boolean,
  flags: Pick<EntryFlags, 'even-if-disabled' | 'tasks-only'>,
): Omit<Check, 'name'> | undefined {
  if (flags['tasks-only']) return isEnabled ? undefined : NOBODY_BACKS_UP;

  if (isEnabled) {
    return {
      state: 'warning',
      fact: 'backup is enabled in mailserver.cfg: while the server runs, both work through the schedule',
      advice:
        'Let one do it: config set enabled=false and schedule install --even-if-disabled, or schedule uninstall.',
    };
  }

  if (flags['even-if-disabled']) return undefined;

  return {
    state: 'problem',
    fact: 'backup is disabled in mailserver.cfg: the entry does nothing, and nobody backs up',
    advice: 'schedule install --even-if-disabled, or config set enabled=true.',
  };
}
