/** What the present run notes about itself, from any room; whoever writes the history takes it at the end. */
import type { HistoryError, RunNotes } from './history-run.js';

/** The end of a run as far as it is known while the run still tells about itself. */
export interface KnownEnd {
  readonly exitCode: number;
  readonly error?: HistoryError | undefined;
}

/** The same of the run that tells about itself, also where nothing of it could be written down. */
export interface ToldEnd extends KnownEnd {
  readonly installDir: string;
  readonly command: string;
  readonly startedAt: Date;
}

let notes: RunNotes = {};
let knownEnd: ToldEnd | undefined;

/** Notes facts about this run; a later call adds to an earlier one. */
export function noteRun(more: RunNotes): void {
  notes = { ...notes, ...more };
}

/** Says how this run will end, so that what it tells about itself until then (mail, page) knows it too. */
export function noteEnd(end: ToldEnd): void {
  knownEnd = end;
}

export function notesOfRun(): RunNotes {
  return notes;
}

export function knownEndOfRun(): ToldEnd | undefined {
  return knownEnd;
}

/** Forgets what an earlier run of this process noted. */
export function clearNotes(): void {
  notes = {};
  knownEnd = undefined;
}
