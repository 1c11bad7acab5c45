/**
 * A restart of the mail server by this program: the lock that is held from before the stop until after the start, and the record
 * that says, when this program was killed in between, that nobody will start the server again.
 */
import { join } from 'node:path';
import type { Clock } from '../platform/clock.js';
import { formatWeekdayMoment } from '../platform/dates.js';
import {
  acquireLock,
  type Lock,
  refuseWhileHeld,
  sightLock,
} from '../platform/lock.js';
import {
  isJsonObject,
  ownFileFault,
  readOwnJson,
  replaceOwnFile,
} from '../platform/own-file.js';
import { removeFile } from '../platform/small-files.js';
import { findRunningEngine } from './engine.js';
import type { Installation } from './installation.js';
import { findHalfReplaced } from './recover-mark.js';
import { serverPlaces } from './server-places.js';

/** The mail server was asked to stop, and nobody has seen it run since. */
export interface StoppedServer {
  /** The command for which it was stopped: `config set`. */
  readonly command: string;
  readonly stoppedAt: Date;
  /** The command line that starts it. */
  readonly start: string;
}

const LOCK = '.kms-backup-restart.lock';
const RECORD = 'kms-backup-restart.json';
const SCHEMA = 'kms-backup/restart/1';
const WHAT = 'the restart of the mail server';

/** Of this process: what it does between stop and start is no other run. */
const heldHere = new Set<string>();

/** Takes the lock. @throws {LockedError} while another run has the server stopped */
export async function holdRestart(
  { dir }: Installation,
  command: string,
  clock: Clock,
): Promise<Lock> {
  const path = join(dir, LOCK);
  const lock = await acquireLock({ path, what: WHAT, command, clock });

  heldHere.add(dir);

  return {
    release() {
      heldHere.delete(dir);
      lock.release();
    },
  };
}

/**
 * Refuses while another run has the server stopped, and will start it whatever others do. Ask it before you look whether the
 * server runs: whoever finds the lock free finds a server that was started.
 * @throws {LockedError}
 */
export function refuseWhileRestarted({ dir }: Installation): void {
  if (!heldHere.has(dir)) refuseWhileHeld(join(dir, LOCK), WHAT);
}

/** Written, durably, before the server is asked to stop. @throws {Error} the operating system's */
export function noteStopped(
  { dir }: Installation,
  stopped: StoppedServer,
): void {
  const text = JSON.stringify({ schema: SCHEMA, ...stopped }, undefined, 2);

  replaceOwnFile(join(dir, RECORD), `${text}\n`);
}

/** It runs again. */
export function forgetStopped({ dir }: Installation): void {
  removeFile(join(dir, RECORD));
}

/** What the record says, whether the server runs or not; undefined where there is none, or nobody can understand it. */
export function readStopped({ dir }: Installation): StoppedServer | undefined {
  const file = readOwnJson(join(dir, RECORD), parseStopped);

  return file.state === 'sound' ? file.value : undefined;
}

/** The server that a run which is gone has stopped and nobody has started since. */
export async function findLeftStopped(
  installation: Installation,
  clock: Clock,
): Promise<StoppedServer | undefined> {
  const stopped = readStopped(installation);
  if (!stopped || sightLock(join(installation.dir, LOCK), clock)) {
    return undefined;
  }

  return (await findRunningEngine(installation)) ? undefined : stopped;
}

/** Why nobody can tell whether it was left stopped; undefined where the record is sound or not there. */
export function restartRecordFault({ dir }: Installation): string | undefined {
  const path = join(dir, RECORD);

  return ownFileFault(
    path,
    'the record of a restart of the mail server',
    readOwnJson(path, parseStopped),
  );
}

function parseStopped(json: unknown): StoppedServer | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { command, start } = json;
  const stoppedAt = new Date(String(json['stoppedAt']));
  if (typeof command !== 'string' || typeof start !== 'string') {
    return undefined;
  }

  return Number.isNaN(stoppedAt.getTime())
    ? undefined
    : { command, stoppedAt, start };
}

/** The same for people: what is, and what to do. A store that is half old, half new is completed before the server runs on it. */
export function describeStopped(
  installation: Installation,
  { command, stoppedAt, start }: StoppedServer,
): { readonly fact: string; readonly advice: string } {
  const half = findHalfReplaced(serverPlaces(installation));

  return {
    fact: `the mail server was left stopped: ${command} --restart-server stopped it ${formatWeekdayMoment(stoppedAt)} and it has not run since`,
    advice: half
      ? `Do not start it yet: ${half.fact}. ${half.advice} Then start it: ${start}`
      : `Start it: ${start}`,
  };
}

/** Both as a warning; undefined where nobody left it stopped. */
export async function leftStoppedWarning(
  installation: Installation,
  clock: Clock,
): Promise<string | undefined> {
  const stopped = await findLeftStopped(installation, clock);
  if (!stopped) return undefined;

  const { fact, advice } = describeStopped(installation, stopped);

  return `${fact}. ${advice}`;
}
