import { join } from 'node:path';
import {
  isJsonObject,
  ownFileError,
  ownFileFault,
  readOwnJson,
  replaceOwnFile,
} from '../platform/own-file.js';
import { toSystemError } from '../platform/system-error.js';
import type { Installation } from '../server/installation.js';

/** The memory of `schedule run` between its calls, in kms-backup-schedule.json beside mailserver.cfg. */
export interface ScheduleState {
  /** Everything that fell due until then is done. */
  readonly handledUntil?: Date | undefined;
  readonly lastRun?: LastRun | undefined;
  /** A backup that was started and has not ended: the run died, or goes on. */
  readonly attempt?:
    { readonly dueAt: Date; readonly count: number } | undefined;
}

/** The last backup that the schedule started. */
export interface LastRun {
  readonly type: 'full' | 'differential';
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly exitCode: number;
}

const LABEL = 'the state of the schedule';
const SCHEMA = 'kms-backup/schedule-state/1';

/** Returns the path of the state: beside the server, because archives may be on a disk that is changed every week. */
function statePath(installation: Installation): string {
  return join(installation.dir, 'kms-backup-schedule.json');
}

/**
 * The state; undefined where it is missing, 'damaged' where nobody can tell what it said.
 * @throws {FailedError} when it cannot be read
 */
export function readScheduleState(
  installation: Installation,
): ScheduleState | undefined | 'damaged' {
  const path = statePath(installation);
  const file = readOwnJson(path, parseState);

  if (file.state === 'sound') return file.value;
  if (file.state === 'unreadable') {
    throw ownFileError(path, LABEL, file);
  }

  return file.state === 'absent' ? undefined : 'damaged';
}

/** Why nobody can tell what it says; undefined where the file is sound or not there. */
export function scheduleStateFault(
  installation: Installation,
): string | undefined {
  const path = statePath(installation);

  return ownFileFault(path, LABEL, readOwnJson(path, parseState));
}

/** Replaces the state, atomically and durably. @throws {KmsError} when it cannot be written */
export function writeScheduleState(
  installation: Installation,
  state: ScheduleState,
): void {
  const path = statePath(installation);

  try {
    replaceOwnFile(
      path,
      `${JSON.stringify({ schema: SCHEMA, ...state }, undefined, 2)}\n`,
      0o644,
    );
  } catch (error) {
    throw (
      toSystemError(error, {
        fact: `cannot write ${path}, the state of the schedule`,
      }) ?? error
    );
  }
}

/** Undefined where a part says nothing usable: half a state would make a backup twice, or none. */
function parseState(json: unknown): ScheduleState | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const handledUntil = parseOptional(json['handledUntil'], parseDate);
  const lastRun = parseOptional(json['lastRun'], parseLastRun);
  const attempt = parseOptional(json['attempt'], parseAttempt);
  if (handledUntil === 'junk' || lastRun === 'junk' || attempt === 'junk') {
    return undefined;
  }

  return {
    handledUntil,
    lastRun,
    attempt,
  };
}

function parseOptional<T>(
  json: unknown,
  parse: (json: unknown) => T | undefined,
): T | undefined | 'junk' {
  if (json === undefined || json === null) return undefined;

  return parse(json) ?? 'junk';
}

function parseDate(json: unknown): Date | undefined {
  const date = new Date(typeof json === 'string' ? json : NaN);

  return Number.isNaN(date.getTime()) ? undefined : date;
}

function parseLastRun(json: unknown): LastRun | undefined {
  if (!isJsonObject(json)) return undefined;

  const { type, exitCode } = json;
  const startedAt = parseDate(json['startedAt']);
  const endedAt = parseDate(json['endedAt']);

  if (type !== 'full' && type !== 'differential') return undefined;
  if (!startedAt || !endedAt || typeof exitCode !== 'number') return undefined;

  return {
    type,
    startedAt,
    endedAt,
    exitCode,
  };
}

function parseAttempt(json: unknown): ScheduleState['attempt'] {
  if (!isJsonObject(json) || typeof json['count'] !== 'number') {
    return undefined;
  }

  const dueAt = parseDate(json['dueAt']);

  return dueAt && { dueAt, count: json['count'] };
}
