import { isSameTime } from './same-time.js';
import { TimePrecision } from './zip/entry-table.js';

/** The one rule of what size and time say about a file and the entry that an archive has of it. Pure but for the time zone. */

/** An entry, or the whole of one that was split, as its archive knows it. */
export interface EntryFacts {
  readonly sizeBytes: number;
  readonly mtimeTicks: bigint;
  readonly precision: TimePrecision;
  /** When its archive began. */
  readonly takenAtTicks: bigint;
}

export type FileFacts = Pick<EntryFacts, 'sizeBytes' | 'mtimeTicks'>;

/** `unsure`: size and time are the same, and prove nothing. */
export type Likeness = 'same' | 'unsure' | 'other time' | 'other size';

/** The coarsest step of the times of archives and file systems. */
export const COARSEST_TICKS = 20_000_000n;

/**
 * Compares size and time, as finely as the entry has it. A file that was written while the archive was made may have been
 * written again after it was read, within one step of the clock that gives files their times: only its content tells. So
 * it is in the hour that a clock change repeats.
 */
export function likenessOf(entry: EntryFacts, file: FileFacts): Likeness {
  if (entry.sizeBytes !== file.sizeBytes) return 'other size';

  const { mtimeTicks, precision, takenAtTicks } = entry;
  if (!isSameTime(file.mtimeTicks, mtimeTicks, precision)) return 'other time';

  const isRecent = mtimeTicks >= takenAtTicks - COARSEST_TICKS;

  return isRecent || isAmbiguous(entry, file) ? 'unsure' : 'same';
}

/** In the hour that a clock change repeats two local times read the same. */
function isAmbiguous(entry: EntryFacts, file: FileFacts): boolean {
  if (entry.precision !== TimePrecision.dos) return false;

  const apart = file.mtimeTicks - entry.mtimeTicks;

  return apart > COARSEST_TICKS || apart < -COARSEST_TICKS;
}
