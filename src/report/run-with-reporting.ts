import { ExitCode, messageOf } from '../errors.js';
import { noteEnd, noteRun } from '../history/run-notes.js';
import type { Clock } from '../platform/clock.js';
import { toKnownError } from '../platform/system-error.js';
import { runBeforeHook, runClosingHook, type RunFacts } from './hooks.js';
import { writeMetricsFile } from './metrics-file.js';
import { notifyAboutRun, notifyRule, type NotifyContext } from './notify.js';
import { notifyUrl } from './notify-url.js';
import { ping } from './ping.js';
import type { ArchivePoint, RunReport, StepLimits } from './run-report.js';
import { headline } from './run-summary.js';

/** A run and how it is told. */
export interface ReportedRun extends NotifyContext {
  readonly run: Omit<RunFacts, 'installDir'>;
  readonly clock: Clock;
  /** The archives that are there, for the report. May throw; then the chart is left out. */
  readonly listArchives?: () =>
    readonly ArchivePoint[] | Promise<readonly ArchivePoint[]>;
  /** What is wrong whatever becomes of the run: a run that fails tells it too. */
  readonly standingWarnings?: () => Promise<readonly string[]>;
}

/** The end of a run, with the report of it. */
export interface ToldRun {
  readonly runReport: RunReport;
  /** Makes the status page after the run; undefined: that of the context. */
  readonly makePage?: NotifyContext['makePage'];
}

/** The end of a reported run: `run` is undefined where the `before` hook asked to skip it. */
export interface ReportedEnd<Run extends ToldRun> {
  readonly run: Run | undefined;
  /** The problems in telling about the run; the archive stands. */
  readonly reportingWarnings: readonly string[];
}

/** A run that was told to stop does not wait an hour for a hook, nor for a slow service. */
const HURRIED_HOOK_MS = 20_000;
const HURRIED_PING_MS = 2000;

type Ended<Run> =
  | { readonly run: Run }
  | { readonly runReport: RunReport; readonly error: unknown };

/** The problems around a run, as they happened. */
class Warnings {
  readonly list: string[] = [];

  constructor(private readonly onWarning: (warning: string) => void) {}

  add(more: readonly string[]): void {
    this.list.push(...more);
    for (const warning of more) this.onWarning(warning);
  }
}

/**
 * Runs a backup between its hooks: before hook → ping start → backup → metrics → notification → ping end → after or
 * on-error hook. What fails around the backup is a warning and never changes how the backup ended, except a `before`
 * hook, which can stop or skip it. The context's signal stops each step at once; what it stopped is a warning too.
 * @param onWarning is told each of these warnings when it happens, also for a run that fails
 * @throws whatever the backup throws, after the failure was told everywhere
 * @throws {FailedError} when the `before` hook fails
 */
export async function runWithReporting<Run extends ToldRun>(
  context: ReportedRun,
  backup: () => Promise<Run>,
  onWarning: (warning: string) => void = () => undefined,
): Promise<ReportedEnd<Run>> {
  const warnings = new Warnings(onWarning);
  const ended = await runBetween(context, backup, warnings);
  if (!ended) return { run: undefined, reportingWarnings: warnings.list };

  if ('error' in ended) {
    for (const warning of ended.runReport.warnings) onWarning(warning);
    await tell(ended.runReport, context, warnings);
    throw ended.error;
  }

  const { runReport, makePage = context.makePage } = ended.run;
  await tell(runReport, { ...context, makePage }, warnings);

  return {
    run: ended.run,
    reportingWarnings: warnings.list,
  };
}

/** Tells a failure of a run that had no time to begin, as that of one that had. @returns what could not be told */
export async function tellFailure(
  context: ReportedRun,
  failure: {
    readonly error: unknown;
    readonly startedAt: Date;
    /** Ways of which nothing is known. */
    readonly gaps: readonly string[];
  },
): Promise<readonly string[]> {
  const warnings = new Warnings(() => undefined);
  warnings.add(failure.gaps);

  const { error, startedAt } = failure;
  await tell(await failureReport(error, startedAt, context), context, warnings);

  return warnings.list;
}

async function runBetween<Run extends ToldRun>(
  context: ReportedRun,
  backup: () => Promise<Run>,
  warnings: Warnings,
): Promise<Ended<Run> | undefined> {
  const { run, settings, clock, signal } = context;
  const startedAt = clock();

  try {
    if (!(await runBeforeHook(settings.hooks, factsOf(context), { signal }))) {
      return undefined;
    }

    const text = `${run.command} on ${run.hostname}`;
    warnings.add(await ping(settings.ping, 'start', text, { signal }));

    return {
      run: await backup(),
    };
  } catch (error) {
    const runReport = await failureReport(error, startedAt, context);
    return {
      runReport,
      error,
    };
  }
}

/** Tells how the run ended, everywhere. The order is fixed: numbers first, because nothing in them can be slow. */
async function tell(
  report: RunReport,
  context: ReportedRun,
  warnings: Warnings,
): Promise<void> {
  const { settings, clock, signal } = context;
  const { command, startedAt, exitCode, error } = report;
  const { installDir } = context;
  noteEnd({ installDir, command, startedAt, exitCode, error });
  // Each step is either stopped by the signal or, where the signal came before it, kept short.
  const limits = (mostMs: number): StepLimits =>
    signal?.aborted ? { mostMs } : { signal };

  const { textfile } = settings.metrics;
  const event = report.outcome === 'failed' ? 'fail' : 'success';

  warnings.add(await writeMetrics(textfile, withAll(report, warnings), clock));
  warnings.add(await notifyAboutRun(withAll(report, warnings), context));
  warnings.add(
    await notifyUrl(withAll(report, warnings), settings.notify, {
      rule: notifyRule(context),
      limits: limits(HURRIED_PING_MS),
    }),
  );
  warnings.add(
    await ping(settings.ping, event, headline(report), limits(HURRIED_PING_MS)),
  );
  warnings.add(
    await runClosingHook(
      settings.hooks,
      factsOf(context),
      withAll(report, warnings),
      limits(HURRIED_HOOK_MS),
    ),
  );

  if (event === 'fail') noteRun({ untold: warnings.list });
}

/** The report as it is told: with what went wrong until now. */
function withAll(report: RunReport, { list }: Warnings): RunReport {
  return {
    ...report,
    warnings: [...report.warnings, ...list],
  };
}

async function writeMetrics(
  path: string | undefined,
  report: RunReport,
  clock: Clock,
): Promise<string[]> {
  if (path === undefined) return [];

  try {
    await writeMetricsFile(path, report, clock);
    return [];
  } catch (error) {
    return [`the metrics were not written: ${messageOf(error)}`];
  }
}

async function failureReport(
  error: unknown,
  startedAt: Date,
  context: ReportedRun,
): Promise<RunReport> {
  const known = toKnownError(error);
  const { command, type, hostname, backupDir } = context.run;

  return {
    schema: 'kms-backup/run/1',
    command,
    type,
    hostname,
    backupDir,
    startedAt,
    finishedAt: context.clock(),
    outcome: 'failed',
    exitCode: known?.exitCode ?? ExitCode.failed,
    warnings: (await context.standingWarnings?.()) ?? [],
    skipped: [],
    error: {
      code: known?.code ?? 'UNEXPECTED',
      message: messageOf(known ?? error),
      hints: known?.hints ?? [],
    },
    recentArchives: await listSafely(context.listArchives),
  };
}

/** The archives for the chart of a report; none where they cannot be listed. */
export async function listSafely(
  list: ReportedRun['listArchives'],
): Promise<readonly ArchivePoint[]> {
  try {
    return (await list?.()) ?? [];
  } catch {
    // The cause that broke the backup may break the listing, and a share may go after the archive was published.
    return [];
  }
}

function factsOf({ run, installDir }: ReportedRun): RunFacts {
  return {
    ...run,
    installDir,
  };
}
