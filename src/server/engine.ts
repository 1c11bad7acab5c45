import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { errnoOf } from '../errors.js';
import type { Installation } from './installation.js';

/** The mail server's process. */
export interface RunningEngine {
  readonly pid: number;
  /** As the operating system's process list names it. */
  readonly name: string;
}

const ENGINE_NAME = 'mailserver';
const PID_FILE = '/var/run/kms.pid';

/**
 * The mail server's process where it runs, else undefined.
 * Linux: the process of the pid file (`KMS_BACKUP_PID_FILE` names another) where it lives and is the mail server, else
 * a process `mailserver` that was started from this installation. macOS and Windows: the process list, by name.
 * A process that may not be looked into (another user's) counts by its name: better one refusal too many. One that has neither program
 * nor directory any more is ending, and writes nothing.
 */
export async function findRunningEngine(
  installation: Installation,
): Promise<RunningEngine | undefined> {
  if (process.platform === 'linux') {
    return fromPidFile() ?? fromProcesses(installation);
  }

  const { listProcessNames } = await import('../platform/process-list.js');
  const isEngine = ({ name }: { name: string }): boolean =>
    /^mailserver(\.exe)?$/i.test(name);

  return (await listProcessNames()).find(isEngine);
}

/** Says whether the process that was found is still there; a pid file may be gone before the process is. */
export async function isAlive({ pid }: RunningEngine): Promise<boolean> {
  if (process.platform === 'linux') return engineOf(pid) !== undefined;

  const { listProcessNames } = await import('../platform/process-list.js');
  const processes = await listProcessNames();

  return processes.some((each) => each.pid === pid);
}

function fromPidFile(): RunningEngine | undefined {
  const path = process.env['KMS_BACKUP_PID_FILE'] ?? PID_FILE;
  const text = readQuietly(() => readFileSync(path, 'utf8'));
  const pid = /^\s*(\d+)\s*$/.exec(text ?? '')?.[1];
  // A stale file may name a number that another program has by now: the process must be the mail server.
  return pid === undefined ? undefined : engineOf(Number(pid));
}

function engineOf(pid: number): RunningEngine | undefined {
  const folder = `/proc/${pid}`;
  const name = readQuietly(() =>
    readFileSync(join(folder, 'comm'), 'utf8'),
  )?.trim();
  if (name === undefined) return undefined;

  const program = basename(
    readQuietly(() => readlinkSync(join(folder, 'exe'))) ?? '',
  );
  if (isZombie(pid)) return undefined;

  return name.startsWith(ENGINE_NAME) || program.startsWith(ENGINE_NAME)
    ? { pid, name }
    : undefined;
}

/** A dead process that its parent has not waited for: state Z in proc(5). */
function isZombie(pid: number): boolean {
  const stat =
    readQuietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

function fromProcesses(installation: Installation): RunningEngine | undefined {
  const pids =
    readQuietly(() => readdirSync('/proc'))?.filter((name) =>
      /^\d+$/.test(name),
    ) ?? [];

  for (const pid of pids.map(Number)) {
    const engine = engineOf(pid);
    if (engine && pid !== process.pid && belongsTo(pid, installation)) {
      return engine;
    }
  }

  return undefined;
}

function belongsTo(pid: number, installation: Installation): boolean {
  const home = realpathSync(installation.dir);
  const isInside = (path: string): boolean =>
    path === home || path.startsWith(home + sep);
  const places = ['exe', 'cwd'].map((link) => lookAlong(pid, link));

  return (
    places.some((place) => place !== undefined && isInside(place)) ||
    places.every((place) => place === HIDDEN)
  );
}

/** Stands for a place that this user may not see. */
const HIDDEN = '';

/** Where a process is; undefined where it is ending. */
function lookAlong(pid: number, link: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${link}`);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (['EACCES', 'EPERM'].includes(code)) return HIDDEN;
    if (['ENOENT', 'ESRCH'].includes(code)) return undefined;

    throw error;
  }
}

/** Undefined where the file is not there (the process ended meanwhile) or is not ours to read. */
function readQuietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (
      ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'].includes(
        errnoOf(error) ?? '',
      )
    ) {
      return undefined;
    }

    throw error;
  }
}
