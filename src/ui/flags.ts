import { Flags } from '@oclif/core';
import { UsageError } from '../errors.js';
import { parseDuration, parseSize } from '../platform/units.js';

/** Flags that mean one thing to one command and another to the next. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['from', 'keep', 'store', 'to']);

/** Gives each flag its environment variable: `--backup-dir` is `KMS_BACKUP_BACKUP_DIR`. */
export function withEnvironment<T extends Record<string, object>>(flags: T): T {
  return withEnvironmentOf('', flags);
}

/** The same; the command's name stands in the variables of ambiguous flags: `KMS_BACKUP_REPLICATE_TO`. */
export function withEnvironmentOf<T extends Record<string, object>>(
  command: string,
  flags: T,
): T {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const isOwn = command !== '' && AMBIGUOUS.has(name);

      return [
        name,
        { ...flag, env: usualVariable(isOwn ? `${command}-${name}` : name) },
      ];
    }),
  ) as T;
}

/** The variable of a flag that means the same to all commands. */
export function usualVariable(name: string): string {
  return `KMS_BACKUP_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** The flags of every command. */
export const commonFlags = withEnvironment({
  'server-dir': Flags.string({
    helpValue: 'DIR',
    summary: "The mail server's install directory.",
    helpGroup: 'GLOBAL',
  }),
  json: Flags.boolean({
    summary: 'Print one JSON document instead of text.',
    helpGroup: 'GLOBAL',
  }),
  quiet: Flags.boolean({
    char: 'q',
    summary: 'No progress, and no summary where all went well.',
    helpGroup: 'GLOBAL',
  }),
  verbose: Flags.boolean({
    char: 'v',
    summary: 'More about each step on stderr.',
    helpGroup: 'GLOBAL',
  }),
  progress: Flags.string({
    options: ['auto', 'plain', 'json', 'none'],
    default: 'auto',
    summary: 'How progress is shown on stderr.',
    helpGroup: 'GLOBAL',
  }),
});

/** A size such as `600MB`, `2GiB` or plain bytes; bytes. */
export const sizeFlag = Flags.custom<number>({
  helpValue: 'SIZE',
  parse: (input) => {
    const bytes = parseSize(input);
    if (bytes === undefined) {
      throw new UsageError(`not a size: ${input}`, {
        hints: ['Write bytes or a unit: 600MB, 2GiB, 1048576.'],
      });
    }

    return Promise.resolve(bytes);
  },
});

/** A duration such as `90s`, `10m` or `26h`; milliseconds. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: (input) => {
    const ms = parseDuration(input);
    if (ms === undefined) {
      throw new UsageError(`not a duration: ${input}`, {
        hints: ['Write a number with a unit: 90s, 10m, 26h, 2d.'],
      });
    }

    return Promise.resolve(ms);
  },
});

/** A day, at whose end something is over. */
export const untilFlag = Flags.custom<Date>({
  helpValue: 'DATE',
  summary: 'The last day on which the pin keeps it, for example 2027-01-31.',
  parse: (input) => {
    const end = endOfDay(input);
    if (!end) {
      throw new UsageError(`not a day: ${input}`, {
        hints: ['Write year, month and day: 2027-01-31.'],
      });
    }

    return Promise.resolve(end);
  },
})();

/** The first moment of the next day; undefined where there is no such day. */
function endOfDay(text: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;

  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  // There is no 31st of February.
  if (new Date(year, month - 1, day).getDate() !== day) return undefined;

  return new Date(year, month - 1, day + 1);
}

/** The number of reading threads. */
export const threadsFlag = Flags.integer({
  min: 1,
  max: 64,
  helpValue: 'N',
  summary: 'Worker threads. Default: one a processor core.',
});

/** The files that open sealed archives. */
export const identityFlags = {
  identity: Flags.string({
    helpValue: 'FILE',
    summary:
      'The identities of age that open sealed archives: AGE-SECRET-KEY-1…',
  }),
  'passphrase-file': Flags.string({
    helpValue: 'FILE',
    summary: 'The passphrase that opens archives which one seals.',
  }),
};

/** Without it kms-backup.ini says how long, so it has no default. */
export const lockWaitFlag = durationFlag({
  summary: 'How long to wait for another run, for example 10m.',
});

/** The backup directory. */
export const backupDirFlag = Flags.string({
  helpValue: 'DIR',
  summary: "Where archives are. Default: the server's backup directory.",
});

/** Of the commands that make a backup. */
export const includeArchiveFlag = Flags.boolean({
  allowNo: true,
  summary:
    'Back up the mail archive too (ArchiveDir), which the server never does.',
});

/** Of `schedule run` and of the entries that call it: which part of the work is ours, and which the server's own. */
export const shareFlags = {
  'even-if-disabled': Flags.boolean({
    summary: "Run although the server's own backup is switched off.",
  }),
  'tasks-only': Flags.boolean({
    exclusive: ['even-if-disabled'],
    summary:
      "Only verify and drill of kms-backup.ini: the server's own backup makes the archives.",
  }),
};

/** Said once, after which the directory is known. */
export const newTargetFlag = Flags.boolean({
  summary:
    'Go on where the directory is not the one that archives were in, and mark it.',
});
