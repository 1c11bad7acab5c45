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

/** Whether a lock's holder is proven dead; if not, where it may live. */
export type Verdict =
  | 'dead'
  | 'lives here'
  | 'may live in another container'
  | 'may live on another machine';

/** What a judge asks of the machine he works on. */
export interface Witness {
  readonly here: ProcessIdentity;
  /** Whether the lock lies on a disk of this machine alone. */
  readonly isOnLocalDisk: boolean;
  /** When this machine was started. */
  readonly bootedAt: Date;
  readonly findProcess: typeof findProcess;
  readonly startsOfAllProcesses: typeof startsOfAllProcesses;
}

/** This machine, for a lock in a directory. */
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
 * A holder is living unless it is proven dead:
 *
 *   one boot, one PID namespace     no such process, or one that began at another time
 *   one boot, another namespace     every process of the kernel can be seen, and none began when the holder did
 *   another boot, a local disk      both see the lock on a disk that one kernel alone mounts: the holder's kernel is gone
 *   another boot, a shared disk     the same machine, outside of containers: machine id and a network card are the same
 *   no boot id (macOS, Windows)     same host name, and no such process, or the machine was started since
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
  const found = find(holder.pid);
  if (found === 'gone') return 'dead';
  if (found === 'there') return 'lives here';
  if (found.isZombie) return 'dead';

  const isComparable =
    holder.started !== '' && holder.timeNamespace === here.timeNamespace;

  return isComparable && found.started !== holder.started
    ? 'dead'
    : 'lives here';
}

/** Numbers of other namespaces mean nothing here, but the kernel gives every process one moment of its start. */
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

/** A clock may have been set since: only a start of the machine that is clearly later proves something. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

/** Such systems have no PID namespaces, and two machines of one name cannot reach one share. */
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
