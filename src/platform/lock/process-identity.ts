import { readdirSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

/** What tells a process from every other one, on this machine and on others. A field is empty where nobody says it. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** `linux`, `darwin`, `win32`. */
  readonly system: string;
  /** The kernel's boot id; Linux alone has one. */
  readonly boot: string;
  /** A container manager gave the container a boot id of its own: another id is no proof of another kernel then. */
  readonly isBootNested: boolean;
  /** `pid:[4026531836]`: the same number means the same process in one of these only. */
  readonly pidNamespace: string;
  /** `time:[4026531834]`: start times are comparable within one of these. */
  readonly timeNamespace: string;
  /** When it began, in the kernel's ticks since the boot. */
  readonly started: string;
  /** The machine's id, which copies of one disk image share. */
  readonly machine: string;
  /** Addresses of network cards, which copies of one machine in one network do not share. */
  readonly hardware: readonly string[];
}

/** Linux gives the first PID namespace of every kernel this number (include/linux/proc_ns.h). */
export const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

let known: ProcessIdentity | undefined;

/** This process. */
export function identifyThisProcess(): ProcessIdentity {
  known ??= identify();

  return { ...known, host: hostname() };
}

function identify(): ProcessIdentity {
  const isLinux = process.platform === 'linux';

  return {
    pid: process.pid,
    host: hostname(),
    system: process.platform,
    boot: isLinux ? firstLine('/proc/sys/kernel/random/boot_id') : '',
    isBootNested:
      isLinux &&
      firstText('/proc/self/mountinfo').includes(
        ' /proc/sys/kernel/random/boot_id ',
      ),
    pidNamespace: isLinux ? linkText('/proc/self/ns/pid') : '',
    timeNamespace: isLinux ? linkText('/proc/self/ns/time') : '',
    // Not by its number: the /proc of another namespace knows it under another one.
    started: isLinux ? (readProcess('self')?.started ?? '') : '',
    machine: isLinux ? firstLine('/etc/machine-id') : '',
    hardware: isLinux ? cardAddresses() : [],
  };
}

/** A process as /proc shows it. */
interface SeenProcess {
  readonly started: string;
  /** It has ended, and its parent has not asked for its end yet. */
  readonly isZombie: boolean;
}

/** Whether a process of this PID namespace lives; where /proc is another namespace's, without the time of its start. */
export function findProcess(pid: number): SeenProcess | 'gone' | 'there' {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') {
      return 'gone';
    }
  }

  return (isProcOurs() ? readProcess(String(pid)) : undefined) ?? 'there';
}

/**
 * When each living process of this kernel began; undefined where this process does not see them all: in a container, or
 * where /proc hides other users' processes.
 */
export function startsOfAllProcesses(): ReadonlySet<string> | undefined {
  if (linkText('/proc/self/ns/pid') !== FIRST_PID_NAMESPACE || !isProcOurs()) {
    return undefined;
  }

  if (readProcess('1') === undefined || mayHideProcesses()) return undefined;

  const starts = new Set<string>();
  for (const name of readdirSync('/proc').filter((entry) =>
    /^\d+$/.test(entry),
  )) {
    const seen = readProcess(name);
    if (seen && !seen.isZombie) starts.add(seen.started);
  }

  return starts;
}

/** Disks that one kernel alone has mounted; by their numbers in linux/magic.h. A share of several machines is none. */
const LOCAL_DISKS = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xca451a4e, 0x2fc12fc1, 0xf2f52010,
  0x01021994, 0x858458f6, 0x794c7630, 0x4d44, 0x2011bab0, 0x7366746e,
  0x3153464a, 0x52654973,
]);

/** Whether a directory lies on a disk of this machine alone; false where nobody can tell. */
export function isOnLocalDisk(directory: string): boolean {
  if (process.platform !== 'linux') return false;

  try {
    return LOCAL_DISKS.has(statfsSync(directory).type);
  } catch {
    return false;
  }
}

/** proc(5): field 22 of stat, counted after the command's last parenthesis; the state is field 3. */
function readProcess(name: string): SeenProcess | undefined {
  const stat = firstText(`/proc/${name}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = fields[19];

  return started === undefined
    ? undefined
    : { started, isZombie: fields[0] === 'Z' || fields[0] === 'X' };
}

/** A namespace that was entered keeps the /proc of its parent until it is mounted anew. */
function isProcOurs(): boolean {
  return linkText('/proc/self') === String(process.pid);
}

function mayHideProcesses(): boolean {
  const mount = firstText('/proc/self/mountinfo')
    .split('\n')
    .find((line) => line.split(' ')[4] === '/proc');

  return mount === undefined || /hidepid=(?!0|off)/.test(mount);
}

/** Of cards with a device behind them: a bridge's address is made up, and the same on many machines. */
function cardAddresses(): string[] {
  const found = new Set<string>();
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (linkText(`/sys/class/net/${name}/device`) === '') continue;

    for (const { mac } of addresses ?? []) {
      if (mac !== '00:00:00:00:00:00') found.add(mac);
    }
  }

  return [...found].sort();
}

function firstText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function firstLine(path: string): string {
  return (firstText(path).split('\n')[0] ?? '').trim();
}

function linkText(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
