import { readdirSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

/** The facts that distinguish a process from every other one, on this machine and on others. An unknown field is empty. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** `linux`, `darwin`, `win32`. */
  readonly system: string;
  /** The kernel's boot id; Linux alone has one. */
  readonly boot: string;
  /** A container manager gave the container a boot id of its own, so that another id proves no other kernel. */
  readonly isBootNested: boolean;
  /** `pid:[4026531836]`: only in one namespace is a process number the same process. */
  readonly pidNamespace: string;
  /** `time:[4026531834]`: start times are comparable within one namespace. */
  readonly timeNamespace: string;
  /** The start of the process, in the kernel's ticks since the boot. */
  readonly started: string;
  /** The machine's id, which copies of one disk image share. */
  readonly machine: string;
  /** Addresses of network cards, which copies of one machine in one network do not share. */
  readonly hardware: readonly string[];
}

/** Linux gives the first PID namespace of every kernel this number (include/linux/proc_ns.h). */
export const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** The identity of this process never changes, so that it is read once. */
let thisProcess: ProcessIdentity | undefined;

export function identifyThisProcess(): ProcessIdentity {
  thisProcess ??= identify();

  return { ...thisProcess, host: hostname() };
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
    // The /proc of another namespace knows this process under another number.
    started: isLinux ? (readProcess('self')?.started ?? '') : '',
    machine: isLinux ? firstLine('/etc/machine-id') : '',
    hardware: isLinux ? cardAddresses() : [],
  };
}

/** The facts of a process in /proc. */
interface SeenProcess {
  readonly started: string;
  /** The process has ended, and its parent has not asked for its exit code yet. */
  readonly isZombie: boolean;
}

/** Looks for a process of this PID namespace. Returns `there` where /proc belongs to another namespace. */
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
 * Returns the start of each living process of this kernel; undefined where this process does not see them all: in a
 * container, or where /proc hides the processes of other users.
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
    const process = readProcess(name);
    if (process && !process.isZombie) starts.add(process.started);
  }

  return starts;
}

/** File systems that one kernel alone mounts, by their numbers in linux/magic.h. A share of several machines is none. */
const LOCAL_DISKS = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xca451a4e, 0x2fc12fc1, 0xf2f52010,
  0x01021994, 0x858458f6, 0x794c7630, 0x4d44, 0x2011bab0, 0x7366746e,
  0x3153464a, 0x52654973,
]);

/** Says whether this machine alone has mounted the disk of a directory; false where the system cannot tell. */
export function isOnLocalDisk(directory: string): boolean {
  if (process.platform !== 'linux') return false;

  try {
    return LOCAL_DISKS.has(statfsSync(directory).type);
  } catch {
    return false;
  }
}

/** Reads state and start of a process: fields 3 and 22 of stat (proc(5)), counted after the command's last parenthesis. */
function readProcess(name: string): SeenProcess | undefined {
  const stat = firstText(`/proc/${name}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = fields[19];

  return started === undefined
    ? undefined
    : { started, isZombie: fields[0] === 'Z' || fields[0] === 'X' };
}

/** Says whether /proc belongs to this namespace: a process that entered one sees its parent's until /proc is mounted anew. */
function isProcOurs(): boolean {
  return linkText('/proc/self') === String(process.pid);
}

function mayHideProcesses(): boolean {
  const mount = firstText('/proc/self/mountinfo')
    .split('\n')
    .find((line) => line.split(' ')[4] === '/proc');

  return mount === undefined || /hidepid=(?!0|off)/.test(mount);
}

/** Returns the addresses of cards that have a device: a bridge's address is made up, and the same on many machines. */
function cardAddresses(): string[] {
  const cards = new Set<string>();
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (linkText(`/sys/class/net/${name}/device`) === '') continue;

    for (const { mac } of addresses ?? []) {
      if (mac !== '00:00:00:00:00:00') cards.add(mac);
    }
  }

  return [...cards].sort();
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
