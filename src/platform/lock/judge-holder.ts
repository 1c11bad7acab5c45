import { uptime } from 'node:os';
import { systemClock } from '../clock.js';
import type { Holder } from './holder.js';
import {
  findProcess,
  FIRST_PID_NAMESPACE,
  identifyThisProcess,
  isOnLocalDisk,
  type ProcessIdentity,
  startsOfAllProcesses,
} from './process-identity.js';

/** The verdict on a lock's holder: proven dead, or the place where it may live. */
export type Verdict =
  | 'dead'
  | 'lives here'
  | 'may live in another container'
  | 'may live on another machine';

/** The facts about this machine on which a verdict rests. */
export interface Witness {
  readonly here: ProcessIdentity;
  /** The lock lies on a disk that this machine alone has mounted. */
  readonly isOnLocalDisk: boolean;
  /** The start of this machine. */
  readonly bootedAt: Date;
  readonly findProcess: typeof findProcess;
  readonly startsOfAllProcesses: typeof startsOfAllProcesses;
}

/** Returns the facts about this machine, for a lock in a directory. */
export function witnessFor(directory: string): Witness {
  return {
    here: identifyThisProcess(),
    isOnLocalDisk: isOnLocalDisk(directory),
    bootedAt: new Date(systemClock().getTime() - uptime() * 1000),
    findProcess,
    startsOfAllProcesses,
  };
}

/**
 * Judges a holder. It counts as living unless one of these proofs shows that it is dead:
 *
 *   same boot, same PID namespace     no process has its number, or that process began at another time
 *   same boot, another namespace      this process sees every process of the kernel, and none began when the holder did
 *   another boot, a local disk        holder and judge see the lock on a disk that one kernel alone mounts
 *   another boot, a shared disk       the same machine outside of containers: machine id and a network card are the same
 *   no boot id (macOS, Windows)       same host name, and no process has its number, or the machine started after the lock
 */
export function judgeHolder(holder: Holder, witness: Witness): Verdict {
  const { here } = witness;
  if (holder.boot === '' || here.boot === '') {
    return judgeWithoutBootId(holder, witness);
  }

  if (holder.boot !== here.boot) {
    return isOfEarlierBoot(holder, witness)
      ? 'dead'
      : 'may live on another machine';
  }

  if (holder.pidNamespace === here.pidNamespace && here.pidNamespace !== '') {
    return judgeByNumber(holder, witness);
  }

  return judgeByStart(holder, witness);
}

function judgeByNumber(
  holder: Holder,
  { here, findProcess: find }: Witness,
): Verdict {
  const process = find(holder.pid);
  if (process === 'gone') return 'dead';
  if (process === 'there') return 'lives here';
  if (process.isZombie) return 'dead';

  const isComparable =
    holder.started !== '' && holder.timeNamespace === here.timeNamespace;

  return isComparable && process.started !== holder.started
    ? 'dead'
    : 'lives here';
}

/** Judges a holder of another PID namespace by its start: its number means nothing here, its start is one of the kernel's. */
function judgeByStart(holder: Holder, witness: Witness): Verdict {
  const isComparable =
    holder.isOldFormat || holder.timeNamespace === witness.here.timeNamespace;
  const starts =
    holder.started !== '' && isComparable
      ? witness.startsOfAllProcesses()
      : undefined;

  if (starts === undefined) return 'may live in another container';
  if (!starts.has(holder.started)) return 'dead';

  return holder.isOldFormat ? 'lives here' : 'may live in another container';
}

function isOfEarlierBoot(holder: Holder, witness: Witness): boolean {
  if (holder.isBootNested || witness.here.isBootNested) return false;

  return isOnDiskOfBoth(holder, witness) || isOfThisMachine(holder, witness);
}

/** Says whether the holder saw the lock on a disk that this machine's kernel alone mounts now. */
function isOnDiskOfBoth(holder: Holder, witness: Witness): boolean {
  if (!witness.isOnLocalDisk) return false;
  if (holder.isOnLocalDisk) return true;

  // Version 0.1.0 wrote nothing about the disk. The host name stands in: a file server and its client have two names.
  return holder.isOldFormat && holder.host === witness.here.host;
}

/** Says whether the holder ran on this machine, outside of containers, with a network card that is still there. */
function isOfThisMachine(holder: Holder, { here }: Witness): boolean {
  const isOutside =
    holder.pidNamespace === FIRST_PID_NAMESPACE &&
    here.pidNamespace === FIRST_PID_NAMESPACE;
  const isSameMachine = here.machine !== '' && holder.machine === here.machine;

  return (
    isOutside &&
    isSameMachine &&
    holder.hardware.some((address) => here.hardware.includes(address))
  );
}

/** A clock may be set: only a start of the machine that is clearly later than the lock proves that the holder is dead. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

/** Judges where a boot id is missing: such systems have no PID namespaces, and a share has no two clients of one name. */
function judgeWithoutBootId(
  holder: Holder,
  { here, bootedAt, findProcess: find }: Witness,
): Verdict {
  const isComparable =
    holder.boot === '' &&
    (holder.isOldFormat || (here.boot === '' && holder.system === here.system));
  if (!isComparable || holder.system === 'linux' || holder.host !== here.host) {
    return 'may live on another machine';
  }

  if (find(holder.pid) === 'gone') return 'dead';

  const since = here.boot === '' ? Date.parse(holder.since) : NaN;

  return since < bootedAt.getTime() - CLOCK_TOLERANCE_MS
    ? 'dead'
    : 'lives here';
}
