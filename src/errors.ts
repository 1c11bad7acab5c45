/**
 * Every way a command can end that is not success. One base class, small subclasses named for the fact.
 * Anything else that is thrown is a defect of this program.
 */

/** The documented exit codes; the same with and without `--json`. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  incomplete: 3,
  damaged: 4,
  notFound: 10,
  locked: 11,
  noBase: 12,
  engineRunning: 13,
  noSpace: 14,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What an exit code means, in the words that every command's help uses. */
export const EXIT_MEANING: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'failed: no archive published, nothing recovered',
  2: 'wrong usage or wrong configuration',
  3: 'done but incomplete: something was skipped or unreadable, named in the report',
  4: 'an archive is damaged or incomplete',
  10: 'not found: install directory, archive, domain, user, folder, message',
  11: 'another run holds the lock',
  12: 'no full archive to build on',
  13: 'the mail server is running',
  14: 'not enough free space',
  130: 'interrupted: temporary files removed, earlier archives untouched',
  143: 'terminated: temporary files removed, earlier archives untouched',
};

interface Details {
  /** What to do, one imperative each. */
  readonly hints?: readonly string[];
  readonly cause?: unknown;
}

/** An end that is foreseen: a message that states the fact, a stable code for scripts, hints and an exit code. */
export class KmsError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hints: readonly string[];

  constructor(
    code: string,
    exitCode: ExitCode,
    message: string,
    details: Details = {},
  ) {
    super(
      message,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.hints = details.hints ?? [];
  }
}

/** The work could not be done, and nothing was published or recovered (exit 1). */
export class FailedError extends KmsError {
  constructor(message: string, details?: Details) {
    super('FAILED', ExitCode.failed, message, details);
  }
}

/** A flag, an argument or kms-backup.ini is wrong (exit 2). */
export class UsageError extends KmsError {
  constructor(message: string, details?: Details) {
    super('USAGE', ExitCode.usage, message, details);
  }
}

/** mailserver.cfg, users.cfg or kms-backup.ini cannot be read or says something impossible (exit 2). */
export class ConfigurationError extends KmsError {
  constructor(message: string, details?: Details) {
    super('CONFIGURATION', ExitCode.usage, message, details);
  }
}

/** An archive is damaged, unfinished, unsafe or lacks a part (exit 4). */
export class DamagedArchiveError extends KmsError {
  constructor(message: string, details?: Details) {
    super('DAMAGED_ARCHIVE', ExitCode.damaged, message, details);
  }
}

/** Something that was named does not exist (exit 10). */
export class NotFoundError extends KmsError {
  constructor(message: string, details?: Details) {
    super('NOT_FOUND', ExitCode.notFound, message, details);
  }
}

/** Another run works on the same directory or file (exit 11). */
export class LockedError extends KmsError {
  constructor(message: string, details?: Details) {
    super('LOCKED', ExitCode.locked, message, details);
  }
}

/** A differential has no full archive to be measured against, or its base is gone (exit 12). */
export class BaseMissingError extends KmsError {
  constructor(message: string, details?: Details) {
    super('NO_BASE', ExitCode.noBase, message, details);
  }
}

/** The mail server runs, and what was asked needs it stopped (exit 13). */
export class EngineRunningError extends KmsError {
  constructor(message: string, details?: Details) {
    super('ENGINE_RUNNING', ExitCode.engineRunning, message, details);
  }
}

/** A file system has less free space than the work needs (exit 14). */
export class NoSpaceError extends KmsError {
  constructor(message: string, details?: Details) {
    super('NO_SPACE', ExitCode.noSpace, message, details);
  }
}

/** What asks a run to stop: the user, or the system. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** The user or the system asked the run to stop (exit 130 or 143). */
export class InterruptedError extends KmsError {
  /** @param kept what the stop leaves: `F….zip is complete and stays` */
  constructor(
    private readonly signal: StopSignal,
    kept: string,
  ) {
    super(
      signal === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED',
      signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated,
      `stopped by ${signal}; ${kept}`,
    );
  }

  /** The same end, of a run that keeps something else. */
  keeping(kept: string): InterruptedError {
    return new InterruptedError(this.signal, kept);
  }
}

/** The operating system refused a call (exit 1): the disk, the share, the rights or a limit, and no defect of this program. */
export class SystemError extends KmsError {
  /** @param errno the system's name of it: `EIO` */
  constructor(
    code: string,
    readonly errno: string,
    message: string,
    details?: Details,
  ) {
    super(code, ExitCode.failed, message, details);
  }
}

/** The message of anything that was thrown, for a line of a report. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = errnoOf(error);
  return errno === undefined
    ? error.message
    : error.message.replace(UNNAMED, errno);
}

/** `EIO: i/o error, read` needs no mending; `Unknown system error -122: Unknown system error -122, read` does. */
const UNNAMED =
  /^(?:Unknown system error -\d+|UNKNOWN)(?:: (?:Unknown system error -\d+|unknown error))?/;

/** What Linux, and what macOS and FreeBSD, say and Node has no name for: shares and quotas, and what a file system says of itself. */
const NUMBERS = {
  linux: {
    37: 'ENOLCK',
    74: 'EBADMSG',
    116: 'ESTALE',
    117: 'EUCLEAN',
    121: 'EREMOTEIO',
    122: 'EDQUOT',
    123: 'ENOMEDIUM',
    124: 'EMEDIUMTYPE',
  },
  bsd: { 69: 'EDQUOT', 70: 'ESTALE', 77: 'ENOLCK' },
} as const satisfies Record<string, Readonly<Record<number, string>>>;

/**
 * The operating system's name for what went wrong (`ENOENT`, `ENOSPC`, `EDQUOT`, …), also of an error that tells people of it in words
 * of ours; undefined where it is something else.
 */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof SystemError) return error.errno;

  if (
    !(error instanceof Error) ||
    error instanceof KmsError ||
    !('code' in error)
  ) {
    return undefined;
  }

  const { code } = error;
  if (typeof code !== 'string') return undefined;
  if (/^E[A-Z0-9]+$/.test(code)) return code;
  if (code !== 'UNKNOWN' && !code.startsWith('Unknown system error')) {
    return undefined;
  }

  const number =
    'errno' in error && typeof error.errno === 'number' ? -error.errno : 0;
  const names: Readonly<Record<number, string>> =
    process.platform === 'linux' ? NUMBERS.linux : NUMBERS.bsd;

  return (
    (process.platform === 'win32' ? undefined : names[number]) ?? 'UNKNOWN'
  );
}
