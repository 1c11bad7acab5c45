import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../platform/atomic-file.js';
import type { Installation } from '../server/installation.js';

/** What `schedule run` remembers between its calls, in kms-backup-schedule.json beside mailserver.cfg. */
export interface ScheduleState {
  /** Everything that fell due until then is done. */
  readonly handledUntil?: Date | undefined;
  readonly lastRun?: LastRun | undefined;
  /** A backup that was started and has not ended: the run died, or goes on. */
  readonly attempt?: { readonly dueAt: Date; readonly count: number } | undefined;
}

/** The last backup that the schedule started. */
interface LastRun {
  readonly type: 'full' | 'differential';
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly exitCode: number;
}

interface Stored {
  schema?: unknown;
  handledUntil?: string;
  lastRun?: { type: 'full' | 'differential'; startedAt: string; endedAt: string; exitCode: number };
  attempt?: { dueAt: string; count: number };
}

const SCHEMA = 'kms-backup/schedule-state/1';

/** Where the state lies: with the server, not with the archives, which may be on a disk that is changed every week. */
function statePath(installation: Installation): string {
  return join(installation.dir, 'kms-backup-schedule.json');
}

/** The state; undefined where it is missing, 'damaged' where nobody can tell what it said. */
export function readScheduleState(installation: Installation): ScheduleState | undefined | 'damaged' {
  const path = statePath(installation);
  if (!existsSync(path)) return undefined;
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as Stored | null;
    return stored?.schema === SCHEMA ? fromStored(stored) : 'damaged';
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return 'damaged';
    throw error;
  }
}

/** Replaces the state, atomically and durably. */
export function writeScheduleState(installation: Installation, state: ScheduleState): void {
  replaceFile(
    statePath(installation),
    Buffer.from(`${JSON.stringify({ schema: SCHEMA, ...state }, undefined, 2)}\n`),
    0o644,
  );
}

function fromStored({ handledUntil, lastRun, attempt }: Stored): ScheduleState {
  return {
    handledUntil: handledUntil === undefined ? undefined : validDate(handledUntil),
    lastRun: lastRun && { ...lastRun, startedAt: validDate(lastRun.startedAt), endedAt: validDate(lastRun.endedAt) },
    attempt: attempt && { ...attempt, dueAt: validDate(attempt.dueAt) },
  };
}

function validDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new RangeError(`no date: ${text}`);
  return date;
}
