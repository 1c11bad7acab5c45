import { LockedError } from '../../errors.js';
import { plural } from '../units.js';
import type { Holder } from './holder.js';
import type { Verdict } from './judge-holder.js';
import type { Claim } from './lock-disk.js';

/** A lock that is not proven dead. */
export interface HeldLock {
  readonly path: string;
  readonly claim: Exclude<Claim, { state: 'free' }>;
  /** The verdict on its holder; undefined where the lock names none. */
  readonly verdict: Verdict | undefined;
}

/** A run of this machine that holds a lock for longer probably hangs. */
const OLD_MS = 24 * 3_600_000;

/** Describes the holder: `backup full, pid 4711 on mail1, since 2026-11-20 01:00 UTC, 5 days ago`. */
export function describeLock(
  { path, claim, verdict }: HeldLock,
  now: Date,
): string {
  if (claim.state === 'unknown') {
    return `nobody can tell whose lock it is, ${path} ${claim.fact}`;
  }

  const { command, pid, host } = claim.holder;
  const where =
    verdict === 'may live in another container' ? ' in another container' : '';

  return `${command}, pid ${String(pid)} on ${host}${where}, since ${describeSince(claim.holder, now)}`;
}

/** Says whether the operator should look at the lock: its holder cannot be seen from here, or it is old. */
export function isSuspicious({ claim, verdict }: HeldLock, now: Date): boolean {
  if (claim.state === 'unknown' || verdict !== 'lives here') return true;
  const ageMs = now.getTime() - Date.parse(claim.holder.since);

  return ageMs > OLD_MS || ageMs < -OLD_MS;
}

/** Returns advice on the removal of a lock whose holder is no longer alive. */
export function removalHint({ path, claim, verdict }: HeldLock): string {
  const removal =
    process.platform === 'win32'
      ? `remove ${path}`
      : `${claim.isFile ? 'rm' : 'rm -r'} ${quote(path)}`;

  if (claim.state === 'unknown') {
    return `If no run of kms-backup is at work there, remove the lock: ${removal}`;
  }

  const where =
    verdict === 'lives here'
      ? 'here'
      : `there (from here, nobody can see what runs there)`;

  return `If that run is no longer alive ${where}, remove the lock: ${removal}`;
}

/**
 * @param label the protected directory or file: `the backup directory`
 * @param options canWait: the command has --lock-wait
 */
export function lockedError(
  label: string,
  lock: HeldLock,
  { now, canWait }: { now: Date; canWait: boolean },
): LockedError {
  return new LockedError(
    `${label} is held by another run: ${describeLock(lock, now)}`,
    {
      hints: [
        canWait
          ? 'Wait for it with --lock-wait 10m.'
          : 'Try again when it has ended.',
        removalHint(lock),
      ],
    },
  );
}

function describeSince({ since }: Holder, now: Date): string {
  if (since === '') return 'nobody knows when';
  const minute = `${since.slice(0, 10)} ${since.slice(11, 16)} UTC`;

  return `${minute}, ${describeAge(now.getTime() - Date.parse(since))}`;
}

function describeAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < -5) return 'which is in the future: a clock is wrong';
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${plural(minutes, 'minute')} ago`;

  const hours = Math.floor(minutes / 60);

  return hours < 48
    ? `${plural(hours, 'hour')} ago`
    : `${plural(Math.floor(hours / 24), 'day')} ago`;
}

function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
