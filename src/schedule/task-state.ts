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
import type { OwnTaskName } from './own-tasks.js';

/** What `schedule run` remembers of a task of kms-backup.ini, in kms-backup-tasks.json beside mailserver.cfg. */
export interface TaskState {
  /** What fell due until then is done. */
  readonly handledUntil: Date;
  /** A run that began and of which no end is known: so many times for the moment that is due. */
  readonly attempts?: number | undefined;
}

export type TaskStates = ReadonlyMap<OwnTaskName, TaskState>;

const LABEL = 'the state of the tasks';
const SCHEMA = 'kms-backup/tasks-state/1';
const NAMES: readonly OwnTaskName[] = ['verify', 'drill'];

/** A file that is damaged or not there says nothing: each task begins anew. @throws {FailedError} when it cannot be read */
export function readTaskStates(installation: Installation): TaskStates {
  const path = statePath(installation);
  const file = readOwnJson(path, parseStates);

  if (file.state === 'sound') return file.value;
  if (file.state === 'unreadable') {
    throw ownFileError(path, LABEL, file);
  }

  return new Map();
}

/** Why nobody can tell what it says; undefined where the file is sound or not there. */
export function taskStatesFault(
  installation: Installation,
): string | undefined {
  const path = statePath(installation);

  return ownFileFault(path, LABEL, readOwnJson(path, parseStates));
}

/** @throws {KmsError} when it cannot be written */
export function writeTaskState(
  installation: Installation,
  name: OwnTaskName,
  state: TaskState,
): void {
  const states = new Map(readTaskStates(installation)).set(name, state);
  const tasks = Object.fromEntries(states);
  const path = statePath(installation);
  const text = JSON.stringify({ schema: SCHEMA, tasks }, undefined, 2);

  try {
    replaceOwnFile(path, `${text}\n`, 0o644);
  } catch (error) {
    const fact = `cannot write ${path}, the state of the tasks`;
    throw toSystemError(error, { fact }) ?? error;
  }
}

function statePath({ dir }: Installation): string {
  return join(dir, 'kms-backup-tasks.json');
}

function parseStates(json: unknown): TaskStates | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { tasks } = json;
  if (!isJsonObject(tasks)) return undefined;

  return new Map(
    NAMES.flatMap((name) => {
      const state = parseState(tasks[name]);

      return state ? [[name, state] as const] : [];
    }),
  );
}

function parseState(json: unknown): TaskState | undefined {
  if (!isJsonObject(json)) return undefined;

  const { handledUntil: until, attempts } = json;
  const handledUntil = new Date(typeof until === 'string' ? until : NaN);
  if (Number.isNaN(handledUntil.getTime())) return undefined;

  return typeof attempts === 'number'
    ? { handledUntil, attempts }
    : {
        handledUntil,
      };
}
