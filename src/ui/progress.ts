import type { Ora } from 'ora';
import { monotonicMs } from '../platform/clock.js';
import {
  type Pace,
  PaceMeter,
  type ProgressReport,
} from '../platform/progress.js';
import { formatCount, formatDuration, formatSize } from '../platform/units.js';

export type ProgressMode = 'auto' | 'plain' | 'json' | 'none';

const LIVE_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 60_000;
const JSON_INTERVAL_MS = 1000;

/** Draws progress on stderr: a live line on a terminal, otherwise one plain line a minute, or JSON Lines. */
export class Progress {
  readonly #startedMs = monotonicMs();
  readonly #meter = new PaceMeter();
  readonly #isLive: boolean;
  readonly #intervalMs: number;
  #lastMs: number;
  #spinner: Ora | undefined;
  #makeSpinner: (() => Ora) | undefined;

  constructor(private readonly mode: ProgressMode) {
    this.#isLive = mode === 'auto' && process.stderr.isTTY;
    const lineIntervalMs =
      mode === 'json' ? JSON_INTERVAL_MS : PLAIN_INTERVAL_MS;
    this.#intervalMs = this.#isLive ? LIVE_INTERVAL_MS : lineIntervalMs;
    this.#lastMs =
      this.#isLive || mode === 'json' ? -Infinity : this.#startedMs;
    if (this.#isLive) void this.#loadSpinner();
  }

  update(report: ProgressReport): void {
    if (this.mode === 'none') return;

    const pace = this.#meter.measure(report);
    const nowMs = monotonicMs();
    if (nowMs - this.#lastMs < this.#intervalMs) return;

    this.#lastMs = nowMs;

    const elapsedMs = nowMs - this.#startedMs;
    if (this.mode === 'json') {
      const line = {
        schema: 'kms-backup/progress/1',
        elapsedMs,
        ...report,
        span: undefined,
      };
      process.stderr.write(`${JSON.stringify(line)}\n`);
    } else if (this.#isLive) {
      this.#spinner ??= this.#makeSpinner?.();

      if (this.#spinner) {
        this.#spinner.text = fitLine(
          formatProgress(report, pace, elapsedMs),
          process.stderr.columns,
        );
      }
    } else {
      process.stderr.write(`${formatProgress(report, pace, elapsedMs)}\n`);
    }
  }

  /** Loaded for a terminal only: it costs a third of the start-up, and scripts never see it. */
  async #loadSpinner(): Promise<void> {
    const { default: ora } = await import('ora');
    this.#makeSpinner = () =>
      ora({ discardStdin: false, hideCursor: false }).start();
  }

  /** Clears the live line so that something else can be printed; the next update draws it again. */
  pause(): void {
    this.#spinner?.stop();
    this.#spinner = undefined;
  }

  stop(): void {
    this.pause();
  }
}

/** `[2:14] 41.7%  20,966 of 50,250 messages  223.2 of 535.3 MiB  31.0 MiB/s  ETA 3:07  example.com/alice/INBOX` */
function formatProgress(
  report: ProgressReport,
  { share, leftMs }: Pace,
  elapsedMs: number,
): string {
  const items = formatCount(report.doneItems);

  const parts = [
    `[${formatDuration(elapsedMs)}] ${report.phase}${share === undefined ? '' : ` ${(share * 100).toFixed(1)}%`}`,
    report.totalItems === undefined
      ? `${items} files`
      : `${items} of ${formatCount(report.totalItems)} files`,
    report.totalBytes === undefined
      ? formatSize(report.doneBytes)
      : `${formatSize(report.doneBytes)} of ${formatSize(report.totalBytes)}`,
  ];

  if (elapsedMs > 0) {
    parts.push(
      `${formatSize(Math.round((report.doneBytes / elapsedMs) * 1000))}/s`,
    );
  }

  if (leftMs !== undefined) parts.push(`ETA ${formatDuration(leftMs)}`);

  if (report.current !== undefined) parts.push(report.current);

  return parts.join('  ');
}

function fitLine(text: string, columns: number): string {
  const room = Math.max(20, columns - 4);
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
