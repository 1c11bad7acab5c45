import { FailedError } from '../errors.js';
import {
  describeEnd,
  runShellCommand,
  type ShellOptions,
  type ShellResult,
} from '../platform/shell-command.js';
import { tellStep } from '../platform/steps.js';
import type { IniSettings } from '../settings/ini-settings.js';
import {
  durationMsOf,
  type ArchiveFacts,
  type RunReport,
  type StepLimits,
} from './run-report.js';

type HookEvent = 'before' | 'after' | 'on-error';

/** The facts of a run before it begins. */
export interface RunFacts {
  /** `backup full`. */
  readonly command: string;
  readonly type: RunReport['type'];
  readonly backupDir: string;
  readonly installDir: string;
  readonly hostname: string;
}

/** sysexits(3) EX_TEMPFAIL: `before` asks to leave this backup out without a word. */
const SKIP_QUIETLY = 75;
const DEFAULT_TIMEOUT_MS = 3_600_000;
/** Linux takes 128 KiB for one variable and 2 MiB for all. */
const MOST_CHARACTERS = 8192;

/**
 * Runs the `before` hook. False where it asks to skip this backup; true where there is none or it succeeds.
 * @throws {FailedError} when it fails in any other way: the backup must not start
 * @throws {InterruptedError} when the signal stopped it
 */
export async function runBeforeHook(
  hooks: IniSettings['hooks'],
  facts: RunFacts,
  limits: StepLimits,
): Promise<boolean> {
  if (hooks.before === undefined) return true;

  tellStep('running the before hook');

  const result = await runHook(
    hooks.before,
    hookVariables('before', facts),
    facts,
    limitsOf(hooks, limits),
  );

  limits.signal?.throwIfAborted();
  if (result.exitCode === SKIP_QUIETLY) return false;
  if (result.exitCode === 0) return true;

  throw new FailedError(
    `the before hook stopped the backup: ${describeEnd(result)}`,
    {
      hints: [
        'Run the command of [hooks] before by hand; exit 0 lets the backup go on, 75 skips it quietly.',
      ],
    },
  );
}

/** Runs the hook that fits the run's end. A failure is a returned warning: the archive stands. */
export async function runClosingHook(
  hooks: IniSettings['hooks'],
  facts: RunFacts,
  report: RunReport,
  limits: StepLimits,
): Promise<string[]> {
  const event: HookEvent = report.outcome === 'failed' ? 'on-error' : 'after';
  const command = event === 'after' ? hooks.after : hooks.onError;
  if (command === undefined) return [];

  tellStep(`running the ${event} hook`);

  const variables = {
    ...hookVariables(event, facts),
    ...reportVariables(report),
  };

  const result = await runHook(
    command,
    variables,
    facts,
    limitsOf(hooks, limits),
  );

  return result.exitCode === 0
    ? []
    : [`the ${event} hook failed: ${describeEnd(result)}`];
}

function runHook(
  command: string,
  variables: Record<string, string>,
  facts: RunFacts,
  limits: Pick<ShellOptions, 'timeoutMs' | 'signal'>,
): Promise<ShellResult> {
  return runShellCommand(command, {
    env: variables,
    cwd: facts.installDir,
    ...limits,
  });
}

function limitsOf(
  { timeoutMs = DEFAULT_TIMEOUT_MS }: IniSettings['hooks'],
  { mostMs, signal }: StepLimits,
) {
  return {
    timeoutMs: Math.min(timeoutMs, mostMs ?? timeoutMs),
    signal,
  };
}

function hookVariables(
  event: HookEvent,
  facts: RunFacts,
): Record<string, string> {
  return named({
    EVENT: event,
    COMMAND: facts.command,
    TYPE: facts.type,
    BACKUP_DIR: facts.backupDir,
    SERVER_DIR: facts.installDir,
    HOSTNAME: facts.hostname,
  });
}

function reportVariables(report: RunReport): Record<string, string> {
  const { error } = report;
  return {
    ...archiveVariables(report.archive),
    ...named({
      OUTCOME: report.outcome,
      EXIT_CODE: String(report.exitCode),
      STARTED: report.startedAt.toISOString(),
      FINISHED: report.finishedAt.toISOString(),
      DURATION_SECONDS: String(durationMsOf(report) / 1000),
      SKIPPED: String(report.skipped.length),
      REMOVED: (report.rotation?.removed ?? []).join('\n'),
      WARNINGS: report.warnings.join('\n'),
      ERROR: error?.message ?? '',
      ERROR_CODE: error?.code ?? '',
    }),
  };
}

/** A failed run has none of these; a hook that asks for them finds empty values, not those of its own environment. */
function archiveVariables(
  archive: ArchiveFacts | undefined,
): Record<string, string> {
  return named({
    ARCHIVE: archive?.name ?? '',
    BASE: archive?.base ?? '',
    VOLUMES: archive ? String(archive.volumes) : '',
    SIZE_BYTES: archive ? String(archive.sizeBytes) : '',
    COMPRESSED_BYTES: archive ? String(archive.compressedBytes) : '',
    MESSAGES: archive ? String(archive.messages.total) : '',
  });
}

/** With the common prefix, and without what an environment cannot hold. */
function named(
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `KMS_BACKUP_HOOK_${name}`,
      value.replaceAll('\0', '').slice(0, MOST_CHARACTERS),
    ]),
  );
}
