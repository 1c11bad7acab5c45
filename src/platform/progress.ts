import { monotonicMs } from './clock.js';

/** The progress of a verb. Verbs report it, and the user interface draws it. */
export interface ProgressReport {
  /** The present phase of the work: `reading`, `writing`, `verifying`, `recovering`, … */
  readonly phase: string;
  readonly doneItems: number;
  /** Undefined while the total is not known. */
  readonly totalItems?: number | undefined;
  readonly doneBytes: number;
  readonly totalBytes?: number | undefined;
  /** The present file, folder or archive, in the administrator's words: `example.com/alice/INBOX`. */
  readonly current?: string | undefined;
  /** What the phase is of the whole run; undefined where nobody can tell: then it counts for itself. */
  readonly span?: PhaseSpan | undefined;
}

/** Where a phase begins and ends in a run: 0 is the run's begin, 1 its end. */
export interface PhaseSpan {
  readonly from: number;
  readonly to: number;
}

export type OnProgress = (report: ProgressReport) => void;

/** How far a run is, or its phase where that counts for itself. */
export interface Pace {
  /** 0 to 1; undefined where the total is not known. */
  readonly share: number | undefined;
  /** Since the run began, or the phase. */
  readonly elapsedMs: number;
  /** Undefined where it cannot be told yet. */
  readonly leftMs: number | undefined;
}

/** Of less than this nobody can tell how long the rest takes. */
const LEAST_SHARE = 0.01;

/** Measures a run from its first report to its last. */
export class PaceMeter {
  readonly #runMs = monotonicMs();
  #phase = '';
  #phaseMs = monotonicMs();

  measure(report: ProgressReport): Pace {
    const nowMs = monotonicMs();
    const { phase, span } = report;

    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#phaseMs = nowMs;
    }

    const elapsedMs = nowMs - (span ? this.#runMs : this.#phaseMs);
    const share = shareOf(report);
    const leftMs =
      share !== undefined && share > LEAST_SHARE
        ? (elapsedMs * (1 - share)) / share
        : undefined;

    return { share, elapsedMs, leftMs };
  }
}

/** Of the run where the phase has its place in that, else of the phase. */
function shareOf(report: ProgressReport): number | undefined {
  const { from, to } = report.span ?? { from: 0, to: 1 };
  const done = shareOfPhase(report);

  return done === undefined ? undefined : from + (to - from) * done;
}

function shareOfPhase(report: ProgressReport): number | undefined {
  const { doneBytes, totalBytes = 0, doneItems, totalItems = 0 } = report;
  if (totalBytes > 0) return Math.min(1, doneBytes / totalBytes);

  return totalItems > 0 ? Math.min(1, doneItems / totalItems) : undefined;
}
