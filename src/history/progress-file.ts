/** How far a run is, where others find it: a small file that it rewrites every few seconds and removes at its end. */
import {
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { monotonicMs, systemClock } from '../platform/clock.js';
import { isJsonObject, readOwnJson } from '../platform/own-file.js';
import {
  type Pace,
  PaceMeter,
  type ProgressReport,
} from '../platform/progress.js';

/** How far a run was when it last said so. */
export interface RunProgress {
  readonly phase: string;
  /** The per cent are of the whole run, not of the phase alone. */
  readonly isOfRun: boolean;
  /** Undefined where the size is not known. */
  readonly percent: number | undefined;
  /** Since the run began, or the phase. */
  readonly elapsedMs: number;
  /** What is left of the run, or of the phase, at this pace. */
  readonly leftMs: number | undefined;
  readonly at: Date;
}

const SCHEMA = 'kms-backup/run-progress/1';
const PREFIX = '.kms-backup-progress-';
const INTERVAL_MS = 4000;
/** A run that says nothing for so long is no longer followed. */
const LEFTOVER_MS = 6 * 3_600_000;

/** Follows one run. What cannot be written is not shown, and nobody minds. */
export class ProgressFile {
  readonly #path: string;
  readonly #meter = new PaceMeter();
  #lastMs = monotonicMs();

  constructor(installDir: string, id: string) {
    this.#path = pathOf(installDir, id);
    sweep(installDir);
  }

  tell(report: ProgressReport): void {
    const pace = this.#meter.measure(report);
    const nowMs = monotonicMs();
    if (nowMs - this.#lastMs < INTERVAL_MS) return;

    this.#lastMs = nowMs;
    const progress = toProgress(report, pace);

    ignoreFailure(() => {
      const text = JSON.stringify({ schema: SCHEMA, ...progress });
      writeFileSync(`${this.#path}.tmp`, `${text}\n`, { mode: 0o644 });
      renameSync(`${this.#path}.tmp`, this.#path);
    });
  }

  remove(): void {
    ignoreFailure(() => {
      rmSync(this.#path, { force: true });
      rmSync(`${this.#path}.tmp`, { force: true });
    });
  }
}

/** How far a run was; undefined where it has not said so. */
export function readRunProgress(
  installDir: string,
  id: string,
): RunProgress | undefined {
  const file = readOwnJson(pathOf(installDir, id), parse);

  return file.state === 'sound' ? file.value : undefined;
}

function toProgress(
  { phase, span }: ProgressReport,
  { share, elapsedMs, leftMs }: Pace,
): RunProgress {
  return {
    phase,
    isOfRun: span !== undefined,
    percent: share && Math.round(share * 1000) / 10,
    elapsedMs: Math.round(elapsedMs),
    leftMs: leftMs && Math.round(leftMs),
    at: systemClock(),
  };
}

function parse(json: unknown): RunProgress | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { phase, isOfRun, percent, elapsedMs, leftMs, at } = json;
  if (typeof phase !== 'string' || typeof elapsedMs !== 'number') {
    return undefined;
  }

  const date = new Date(typeof at === 'string' ? at : NaN);
  if (Number.isNaN(date.getTime())) return undefined;

  return {
    ...{ phase, elapsedMs, at: date },
    isOfRun: isOfRun === true,
    percent: typeof percent === 'number' ? percent : undefined,
    leftMs: typeof leftMs === 'number' ? leftMs : undefined,
  };
}

function pathOf(installDir: string, id: string): string {
  return join(installDir, `${PREFIX}${id.replace(/\W/g, '')}.json`);
}

/** Removes what runs left that were killed. */
function sweep(installDir: string): void {
  ignoreFailure(() => {
    for (const name of readdirSync(installDir)) {
      if (!name.startsWith(PREFIX)) continue;

      const path = join(installDir, name);
      const ageMs = systemClock().getTime() - statSync(path).mtimeMs;
      if (ageMs > LEFTOVER_MS) rmSync(path, { force: true });
    }
  });
}

function ignoreFailure(act: () => void): void {
  try {
    act();
  } catch {
    // A full disk, a directory that this user may not write to: the run goes on.
  }
}
