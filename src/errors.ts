/**
 * The errors that a command can foresee: one base class, and one small subclass for each exit code, named for the fact.
 * Any other error that is thrown is a defect of this program. This file imports nothing.
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

/** The meaning of each exit code, in the words of every command's help. */
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
  /** Advice to the operator: one imperative sentence each. */
  readonly hints?: readonly string[];
  readonly cause?: unknown;
}

/** A foreseen error: a message that states the fact, a stable code for scripts, an exit code, and hints. */
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

/** The command failed, and it published or recovered nothing (exit 1). */
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

/** A server refused a login (exit 2): the password is not tried a second time. */
export class LoginRefusedError extends KmsError {
  constructor(message: string, details?: Details) {
    super('LOGIN_REFUSED', ExitCode.usage, message, details);
  }
}

/** A server's certificate is not the one that is believed, or there is no protected way to it (exit 1). */
export class UntrustedServerError extends KmsError {
  constructor(message: string, details?: Details) {
    super('TLS_UNTRUSTED', ExitCode.failed, message, details);
  }
}

/** An archive is sealed, and no identity that opens it was given (exit 2). */
export class SealedError extends KmsError {
  constructor(message: string, details?: Details) {
    super('SEALED', ExitCode.usage, message, details);
  }
}

/** An archive is damaged, unfinished, unsafe or lacks a part (exit 4). */
export class DamagedArchiveError extends KmsError {
  constructor(message: string, details?: Details) {
    super('DAMAGED_ARCHIVE', ExitCode.damaged, message, details);
  }
}

/** The operator named something that does not exist (exit 10). */
export class NotFoundError extends KmsError {
  constructor(message: string, details?: Details) {
    super('NOT_FOUND', ExitCode.notFound, message, details);
  }
}

/** The disk that archives were on seems not to be mounted (exit 10). */
export class DiskAwayError extends KmsError {
  constructor(message: string, details?: Details) {
    super('DISK_AWAY', ExitCode.notFound, message, details);
  }
}

/** Another run works on the same directory or file (exit 11). */
export class LockedError extends KmsError {
  constructor(message: string, details?: Details) {
    super('LOCKED', ExitCode.locked, message, details);
  }
}

/** A differential backup has no full archive to build on, or that full archive is gone (exit 12). */
export class BaseMissingError extends KmsError {
  constructor(message: string, details?: Details) {
    super('NO_BASE', ExitCode.noBase, message, details);
  }
}

/** The mail server runs, and the command needs it stopped (exit 13). */
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

/** The signal that asks a run to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** The user or the system asked the run to stop (exit 130 or 143). */
export class InterruptedError extends KmsError {
  /** @param kept the results that remain: `F….zip is complete and stays` */
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

  /** Returns the same interruption with other words for the results that remain. */
  keeping(kept: string): InterruptedError {
    return new InterruptedError(this.signal, kept);
  }
}

/** The operating system refused a call (exit 1), because of a disk, a share, rights or a limit. */
export class SystemError extends KmsError {
  /** @param errno the operating system's name of the error: `EIO` */
  constructor(
    code: string,
    readonly errno: string,
    message: string,
    details?: Details,
  ) {
    super(code, ExitCode.failed, message, details);
  }
}

/** Returns the message of any thrown value, for a line of a report. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = errnoOf(error);
  return errno === undefined
    ? error.message
    : error.message.replace(UNNAMED, errno);
}

/** Node's words for an error number that it has no name for: `Unknown system error -122: Unknown system error -122, read`. */
const UNNAMED =
  /^(?:Unknown system error -\d+|UNKNOWN)(?:: (?:Unknown system error -\d+|unknown error))?/;

/** Names of error numbers that Node has no name for, as Linux and as macOS and FreeBSD number them. */
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
 * Returns the operating system's name of an error: `ENOENT`, `ENOSPC`, `EDQUOT`.
 * A SystemError keeps the name of the error that it was made from. Returns undefined for an error of another kind.
 */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof SystemError) return error.errno;
  if (!(error instanceof Error) || error instanceof KmsError) return undefined;

  const code = 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return undefined;
  if (/^E[A-Z0-9]+$/.test(code)) return code;

  const isUnnamed =
    code === 'UNKNOWN' || code.startsWith('Unknown system error');

  return isUnnamed ? nameOfNumber(error) : undefined;
}

function nameOfNumber(error: Error): string {
  if (process.platform === 'win32') return 'UNKNOWN';

  const number =
    'errno' in error && typeof error.errno === 'number' ? -error.errno : 0;
  const names: Readonly<Record<number, string>> =
    process.platform === 'linux' ? NUMBERS.linux : NUMBERS.bsd;

  return names[number] ?? 'UNKNOWN';
}
