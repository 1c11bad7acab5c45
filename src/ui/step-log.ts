import { monotonicMs } from '../platform/clock.js';
import type { ProgressReport } from '../platform/progress.js';
import { onStep, tellStep } from '../platform/steps.js';
import { formatDuration } from '../platform/units.js';

interface StepLogOptions {
  /** JSON Lines, among those of the progress. */
  readonly asJson: boolean;
  /** Makes room on the terminal, where a line of progress is drawn. */
  readonly makeRoom: () => void;
}

/** Writes each step to stderr, once, with the time since the start: what `--verbose` asks for. Returns what ends that. */
export function startStepLog({ asJson, makeRoom }: StepLogOptions): () => void {
  const startedMs = monotonicMs();
  const told = new Set<string>();

  return onStep((step) => {
    // Settings and listings are read again and again.
    if (told.has(step)) return;

    told.add(step);

    const elapsedMs = monotonicMs() - startedMs;
    makeRoom();

    const line = asJson
      ? JSON.stringify({ schema: 'kms-backup/step/1', elapsedMs, step })
      : `[${formatDuration(elapsedMs)}] ${step}`;
    process.stderr.write(`${line}\n`);
  });
}

/** Progress comes many times a second: a step is a new phase, or another folder. */
export function tellProgress({ phase, current }: ProgressReport): void {
  tellStep(current === undefined ? phase : `${phase} ${current}`);
}
