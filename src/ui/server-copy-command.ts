import { ExitCode, UsageError } from '../errors.js';
import type { ViaFlags } from '../jobs/via.js';
import { BackupCommand } from './backup-command.js';
import type { CommonFlags, Outcome } from './command.js';
import { presentError } from './present/error.js';
import { documentServerCopy, formatServerCopy } from './present/server-copy.js';
import { verifyEnd } from './present/verify.js';
import { adminContext } from './via-flag.js';

/** The flags as parsed. */
interface Flags extends ViaFlags, CommonFlags {
  readonly threads?: number | undefined;
  readonly 'dry-run': boolean;
}

/** What was typed, as oclif took it apart. */
type Typed = readonly { readonly type: string; readonly flag?: string }[];

/** Those that mean something where the server makes the copy; by its own settings it goes otherwise. */
const USEFUL: ReadonlySet<string> = new Set([
  'via',
  'threads',
  'server-dir',
  'json',
  'quiet',
  'verbose',
  'progress',
]);

/** The part of `backup copy` that lets the server make it. */
export abstract class ServerCopyCommand extends BackupCommand {
  static override exitCodes = [...BackupCommand.exitCodes, ExitCode.damaged];

  protected async copyOnServer(flags: Flags, typed: Typed): Promise<Outcome> {
    refuseUseless(typed, flags['dry-run']);
    this.kept = 'nothing was begun';

    const { copyOnServer } = await import('../jobs/server-copy.js');

    const copy = await copyOnServer({
      flags,
      context: adminContext(this.signal),
      signal: this.signal,
      onProgress: this.startProgress(flags),
      onBegun: () => {
        this.kept = 'the mail server may go on with its copy';
      },
      onMade: (archive) => {
        this.kept = `${archive} is there, and was not verified`;
      },
    });

    this.stopProgress();
    this.warnAll(copy.verified.warnings);

    const { exitCode, error } = verifyEnd(copy.verified);

    return {
      exitCode: error && !flags.json ? presentError(error, false) : exitCode,
      json: documentServerCopy(copy),
      text: formatServerCopy(copy),
      isSummary: true,
    };
  }
}

/** @throws {UsageError} for what would be done otherwise than it was asked for */
function refuseUseless(typed: Typed, isDryRun: boolean): void {
  const found = typed.find(
    ({ type, flag }) => type === 'flag' && !USEFUL.has(flag ?? ''),
  );
  const name = found?.flag ?? (isDryRun ? 'dry-run' : undefined);
  if (name === undefined) return;

  throw new UsageError(
    `--${name} says nothing to the mail server, which makes a copy by its own settings`,
    { hints: ['Leave it out, or leave out --via api.'] },
  );
}
