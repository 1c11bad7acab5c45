import { parseArgs } from 'node:util';
import type { ServerFlags } from '../jobs/server.js';
import type { ProgressReport } from '../platform/progress.js';
import { usualVariable } from './flags.js';
import { toldError } from './present/error.js';

/**
 * Whether the runs of a command are written into the history: those that act are, except for a preview. `when due`: the
 * command says when it begins to act, because most of its calls have nothing to do. `when it restarts`: the same, and a call that
 * failed before is nobody's concern.
 */
export type Acts = 'always' | 'when due' | 'when it restarts' | 'never';

/** The flags of a command line, as parsed. */
type ParsedFlags = ServerFlags & Readonly<Record<string, unknown>>;

/** Flags that make of a command that acts one that looks. */
const LOOKS_ONLY = ['dry-run', 'listing'] as const;

const SERVER_VARIABLE = usualVariable('server-dir');

type Job = typeof import('../jobs/record-run.js');

/** Writes the begin and the end of one command into the history, whatever happens to it. */
export class RunRecorder {
  #flags: ParsedFlags | undefined;
  /** Loaded when the run begins: most commands never need it. */
  #job: Job | undefined;

  constructor(
    private readonly command: string,
    private readonly acts: Acts,
  ) {}

  /** The command line is understood; nothing was done yet. */
  async start(flags: ParsedFlags): Promise<void> {
    const isPreview = LOOKS_ONLY.some((name) => flags[name] === true);
    if (this.acts === 'never' || isPreview) return;

    this.#flags = flags;
    if (this.acts === 'always') await this.begin();
  }

  /** The command line is not understood: where nobody was there, only the history tells. */
  async refuse(error: unknown, argv: readonly string[]): Promise<void> {
    if (this.acts === 'never' || toldError(error).code !== 'USAGE') return;

    const { values } = parseArgs({
      args: [...argv],
      options: { 'server-dir': { type: 'string' } },
      strict: false,
    });
    const given = values['server-dir'] ?? process.env[SERVER_VARIABLE];
    const server = {
      'server-dir': typeof given === 'string' ? given : undefined,
    };
    const { historyDirectory } = await import('../jobs/record-run.js');
    if (historyDirectory(server) === undefined) return;

    await this.start({
      ...server,
      'dry-run': values['dry-run'] === true,
      listing: values['listing'] === true,
    });
  }

  async begin(): Promise<void> {
    if (!this.#flags || this.#job) return;

    this.#job = await import('../jobs/record-run.js');
    await this.#job.recordBegin(this.command, this.#flags);
  }

  progress(report: ProgressReport): void {
    this.#job?.recordProgress(report);
  }

  end(exitCode: number): void {
    this.#job?.recordEnd({ exitCode });
  }

  /** Writes the failure of a run that has begun, at once: the program may end where it stands. */
  fail(error: unknown): void {
    this.#job?.recordEnd(endOf(error));
  }

  /** Writes the page that kms-backup.ini asks for, when the end is written. */
  async showEnd(): Promise<void> {
    if (!this.#job || !this.#flags) return;

    const { keepStatusPage } = await import('../jobs/status-html.js');
    await keepStatusPage(this.#flags);

    const { keepHistoryMetrics } = await import('../jobs/history-metrics.js');
    await keepHistoryMetrics(this.#flags);
  }

  /** Writes the failure of a run, also of one that had not begun to act. */
  async failAnyway(error: unknown): Promise<void> {
    this.fail(error);
    await this.showEnd();
    if (this.#job || !this.#flags || this.acts !== 'when due') return;

    const { recordIdleFailure } = await import('../jobs/record-run.js');
    await recordIdleFailure(this.command, this.#flags, endOf(error));
  }
}

function endOf(error: unknown): Parameters<Job['recordEnd']>[0] {
  const { exitCode, code, message } = toldError(error);

  return { exitCode, error: { code, message } };
}
