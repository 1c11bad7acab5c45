import { closeSync, fsyncSync, linkSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { errnoOf, FailedError, LockedError, NoSpaceError } from '../errors.js';
import { writeFully } from './atomic-file.js';
import { monotonicMs, type Clock } from './clock.js';
import { patiently, pause, renamePatiently } from './patience.js';

/** Who holds a lock, as its file says it. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly command: string;
  /** RFC 3339, UTC. */
  readonly since: string;
  /** Tells a later process with the same pid apart; empty where the system does not say. */
  readonly birth: string;
}

/** A lock that is held until `release` is called. */
export interface Lock {
  release(): void;
}

export interface LockOptions {
  /** The lock file's path. */
  readonly path: string;
  /** What the lock protects, for the message: `the backup directory`. */
  readonly what: string;
  /** What this run does: `backup full`. */
  readonly command: string;
  readonly clock: Clock;
  /** How long to wait for another holder. Default 0: not at all. */
  readonly waitMs?: number;
  /** Whether the command has --lock-wait. */
  readonly hasWaitFlag?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Takes a lock that one process on one or several machines can hold: a file that is created whole or not at all.
 * A lock whose process is dead (same machine, no such process, or a later one with its number) is taken over.
 * An abort leaves the lock file; the next call sees that its process is gone.
 * @throws {LockedError} when somebody else holds it after `waitMs`
 */
export async function acquireLock(options: LockOptions): Promise<Lock> {
  const deadline = monotonicMs() + (options.waitMs ?? 0);
  for (;;) {
    options.signal?.throwIfAborted();
    if (createLock(options)) {
      sweepLeftovers(dirname(options.path));
      return {
        release: () => {
          patiently(() => {
            rmSync(options.path, { force: true });
          });
        },
      };
    }
    const holder = readHolder(options.path);
    if (holder === 'gone') continue;
    if (holder === undefined || isDead(holder)) {
      stealStale(options.path, holder);
      continue;
    }
    if (monotonicMs() >= deadline) throw lockedError(options.what, holder, options.hasWaitFlag === true);
    await pause(200, options.signal);
  }
}

/**
 * Looks whether a living process holds a lock, without taking it.
 * @throws {LockedError} when one does
 */
export function refuseWhileHeld(path: string, what: string): void {
  const holder = livingHolder(path);
  if (holder) throw lockedError(what, holder, false);
}

/** Who holds a lock, in words (`recover, pid 4711 on mail1`); undefined where no living process does. Takes nothing. */
export function describeHolder(path: string): string | undefined {
  const holder = livingHolder(path);
  return holder && `${holder.command}, pid ${String(holder.pid)} on ${holder.host}`;
}

function livingHolder(path: string): Holder | undefined {
  const holder = readHolder(path);
  return holder === 'gone' || holder === undefined || isDead(holder) ? undefined : holder;
}

/** @throws {NoSpaceError} on a full disk · {FailedError} where this user cannot write */
function createLock(options: LockOptions): boolean {
  try {
    return tryCreate(options);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const directory = dirname(options.path);
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new NoSpaceError(`there is no room for a lock file in ${directory}`, {
        hints: ['Free space, or inodes, on that disk.'],
        cause: error,
      });
    }
    throw new FailedError(`${directory} cannot be written: ${code}`, {
      hints: ['Give this user the right to write there, or mount the disk read-write.'],
      cause: error,
    });
  }
}

/** Removes the half-made lock files of runs of this machine that died while they made them. */
function sweepLeftovers(directory: string): void {
  const own = `.kms-backup-lock-${hostname()}-`;
  for (const name of readdirSync(directory)) {
    const pid = name.startsWith(own) && name.endsWith('.part') ? Number(name.slice(own.length, -5)) : NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(directory, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

function tryCreate(options: LockOptions): boolean {
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    command: options.command,
    since: options.clock().toISOString(),
    birth: birthOf(process.pid),
  };
  // Written under a name of its own and linked: nobody ever reads a lock file that is half written.
  const own = join(dirname(options.path), `.kms-backup-lock-${hostname()}-${String(process.pid)}.part`);
  try {
    const fd = openSync(own, 'w', 0o644);
    try {
      writeFully(fd, Buffer.from(JSON.stringify(holder)));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return linkOrCreate(own, options.path, holder);
  } finally {
    rmSync(own, { force: true });
  }
}

function linkOrCreate(own: string, path: string, holder: Holder): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
  }
  // No hard links here (SMB, FAT): exclusive creation is the next best thing.
  try {
    const fd = openSync(path, 'wx', 0o644);
    try {
      writeFully(fd, Buffer.from(JSON.stringify(holder)));
    } finally {
      closeSync(fd);
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): Holder | 'gone' | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'gone';
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Moves a dead run's lock aside under a name that only one taker can win, then removes it. */
function stealStale(path: string, judged: Holder | undefined): void {
  const aside = `${path}.stale-${String(process.pid)}`;
  try {
    renamePatiently(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (JSON.stringify(moved) !== JSON.stringify(judged) && moved !== 'gone' && moved !== undefined) {
    // Somebody else took the lock between our look and our rename: give it back.
    try {
      linkSync(aside, path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  rmSync(aside, { force: true });
}

function isDead(holder: Holder): boolean {
  if (holder.host !== hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  return holder.birth !== '' && birthOf(holder.pid) !== '' && birthOf(holder.pid) !== holder.birth;
}

/** Linux: boot id and start time in ticks (proc(5), field 22 of stat, counted after the command's last parenthesis). */
function birthOf(pid: number): string {
  if (process.platform !== 'linux') return '';
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return '';
  }
}

function lockedError(what: string, holder: Holder, canWait: boolean): LockedError {
  const since = holder.since.slice(11, 19);
  return new LockedError(
    `${what} is held by another run: ${holder.command}, pid ${String(holder.pid)} on ${holder.host}, since ${since} UTC`,
    {
      hints: [
        canWait ? 'Wait for it with --lock-wait 10m.' : 'Try again when it has ended.',
        'If that machine no longer runs it, remove the lock file by hand.',
      ],
    },
  );
}
