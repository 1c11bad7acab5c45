import { ConfigurationError, KmsError, messageOf } from '../errors.js';
import { type ProgramResult, runProgram } from '../platform/run-program.js';
import { isInstalledCurrent } from '../schedule/install.js';
import { installedCommand } from '../schedule/installed-command.js';
import type { SchedulerKind } from '../schedule/job.js';
import { splitPriority, startsBehind } from '../schedule/low-priority.js';
import type { Check } from '../status/check.js';
import type { OwnTask } from '../schedule/own-tasks.js';
import { readOwnTasks } from './own-tasks.js';
import { findServer } from './server.js';
import { entryConflict, type EntryFlags, entryFor } from './scheduler-entry.js';
import { quoteWord } from '../platform/quote-words.js';

type Finding = Omit<Check, 'name'>;

/** Longer than any start takes, and short enough to wait for. */
const START_LIMIT_MS = 20_000;

/** Checks that exactly one works through the schedule: the server, or an entry in the operating system's scheduler. */
export function checkScheduler(flags: EntryFlags, isEnabled: boolean): Check {
  const name = 'scheduler';
  try {
    for (const kind of readableKinds()) {
      const command = installedCommand(kind, flags.name);
      if (command) {
        return { name, ...checkEntry(kind, command, { flags, isEnabled }) };
      }
    }
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return { name, state: 'ok', fact: `not looked at: ${error.message}` };
  }

  const unheard = ownTasksWithoutEntry(flags, isEnabled);
  if (unheard) return { name, ...unheard };

  if (isEnabled) {
    return {
      name,
      state: 'ok',
      fact: 'no entry of ours; the server works through its schedule',
    };
  }

  const fact =
    'backup is disabled in mailserver.cfg, and there is no entry of ours';

  return {
    name,
    state: 'warning',
    fact,
    advice: 'config set enabled=true, or schedule install --even-if-disabled.',
  };
}

/** The mail server knows nothing of the tasks of kms-backup.ini. */
function ownTasksWithoutEntry(
  flags: EntryFlags,
  isEnabled: boolean,
): Finding | undefined {
  const tasks = tasksOrNone(flags);
  if (tasks.length === 0) return undefined;

  const names = tasks.map(({ name }) => name).join(' and ');

  return {
    state: 'warning',
    fact: `[tasks] of kms-backup.ini asks for ${names}, and there is no entry of ours that calls schedule run`,
    advice: `schedule install ${isEnabled ? '--tasks-only ' : ''}--to cron, systemd, launchd or schtasks.`,
  };
}

/** What is wrong with them is a finding of its own. */
function tasksOrNone(flags: EntryFlags): readonly OwnTask[] {
  try {
    return readOwnTasks(findServer(flags));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    return [];
  }
}

function readableKinds(): SchedulerKind[] {
  if (process.platform === 'win32') return ['schtasks'];
  return process.platform === 'darwin'
    ? ['launchd', 'cron']
    : ['cron', 'systemd'];
}

/** An entry that cannot start backs nobody up, whatever else is right about it. */
function checkEntry(
  kind: SchedulerKind,
  installed: readonly string[],
  {
    flags,
    isEnabled,
  }: { readonly flags: EntryFlags; readonly isEnabled: boolean },
): Finding {
  const { priority, command } = splitPriority(installed);

  const asked = {
    'even-if-disabled': command.includes('--even-if-disabled'),
    'tasks-only': command.includes('--tasks-only'),
  };

  const advice = installWords(kind, { ...flags, ...asked }, isEnabled);
  const program = programOf(command);
  const fault = entryFault(program, priority);

  if (fault !== undefined) {
    const fact = `the ${kind} entry backs nobody up, its program does not start: ${fault}`;
    return { state: 'problem', fact, advice: `Write it anew: ${advice}` };
  }

  const job = entryFor({ ...flags, ...asked }, program);

  const isCurrent =
    kind === 'schtasks'
      ? command.join('\0') === job.command.join('\0')
      : isInstalledCurrent(kind, job, priority);

  if (!isCurrent) {
    return {
      state: 'warning',
      fact: `the ${kind} entry is not what the schedule asks for`,
      advice,
    };
  }

  return (
    entryConflict(isEnabled, asked) ?? {
      state: 'ok',
      fact: `the ${kind} entry works through ${workOf(asked)}`,
    }
  );
}

/** The work that is left to the entry. */
function workOf(asked: Pick<EntryFlags, 'tasks-only'>): string {
  return asked['tasks-only']
    ? '[tasks], and the server through its schedule'
    : 'the schedule';
}

/** The command that writes the same entry anew. */
function installWords(
  kind: SchedulerKind,
  flags: EntryFlags,
  isEnabled: boolean,
): string {
  const words = ['schedule install --to', kind];
  const isForced = flags['even-if-disabled'] || !isEnabled;

  if (flags.name !== 'kms-backup') words.push('--name', flags.name);
  if (flags['tasks-only']) words.push('--tasks-only');
  else if (isForced) words.push('--even-if-disabled');

  return words.join(' ');
}

/** The words before `schedule run`; none where the entry calls something else. */
function programOf(command: readonly string[]): string[] {
  const at = command.findIndex(
    (word, index) => word === 'schedule' && command[index + 1] === 'run',
  );
  return command.slice(0, Math.max(0, at));
}

/** Why the entry starts nothing; undefined where it starts, or calls something else. */
function entryFault(
  program: readonly string[],
  priority: readonly string[],
): string | undefined {
  if (program.length === 0) return undefined;

  const fault = startFault(program);
  if (fault !== undefined || startsBehind(priority)) return fault;

  return `nothing starts behind ${priority.join(' ')}`;
}

/** Why the program of an entry does not start as a scheduler starts it: from another directory, with a bare environment. */
function startFault(program: readonly string[]): string | undefined {
  const words = [...program, '--version'];
  const line = words.map((word) => quoteWord(word)).join(' ');
  // Windows gives its tasks back in the console's code page: such a path cannot be tried.
  if (process.platform === 'win32' && /[^\x00-\x7f]/.test(line)) {
    return undefined;
  }

  try {
    const ended = startOutside(words);

    if (!ended) return `there is no ${words[0]}`;
    if (ended.exitCode === 0 && ended.stdout.startsWith('kms-backup/')) {
      return undefined;
    }

    const [firstLine] = `${ended.stderr}${ended.stdout}`.trim().split('\n');
    const answer = firstLine === '' ? '' : `, ${firstLine}`;

    return `${line} ended with ${ended.exitCode}${answer}`;
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return messageOf(error);
  }
}

/** Runs a program as a scheduler does. @returns undefined where there is no such program */
function startOutside(words: readonly string[]): ProgramResult | undefined {
  const [file = '', ...args] = words;
  const env =
    process.platform === 'win32' ? process.env : { PATH: '/usr/bin:/bin' };

  return runProgram(file, args, { cwd: '/', env, timeoutMs: START_LIMIT_MS });
}
