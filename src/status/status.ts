import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import type { DrillProof } from '../archive/proof.js';
import type { Storage } from '../archive/storage.js';
import { archiveName, type ArchiveType } from '../archive/names.js';
import { newestPoint, partsOf } from '../archive/completeness.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { NotFoundError } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import type { LockSighting } from '../platform/lock.js';
import { formatAge, formatSize } from '../platform/units.js';
import { findRunningEngine, type RunningEngine } from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import { findKeptStates, type KeptState } from '../server/kept-states.js';
import {
  findUnfinishedRecover,
  type UnfinishedRecover,
} from '../server/recover-mark.js';

/** The levels of a monitoring system; the exit codes 0 to 3 in this order. */
export type StatusLevel = 'ok' | 'warning' | 'critical' | 'unknown';

/** One archive as the status shows it. */
export interface StatusArchive {
  /** As every document names an archive. */
  readonly archive: string;
  /** The same, as this document named it first. */
  readonly name: string;
  readonly type: ArchiveType;
  readonly takenAt: Date;
  readonly ageMs: number;
  readonly sizeBytes: number;
  readonly isRecoverable: boolean;
  /** True where the entries that its damage does not concern can be recovered. */
  readonly isPartlyRecoverable: boolean;
  readonly fault: string | undefined;
  readonly verifiedAt: Date | undefined;
  /** The last drill of it, or of some of it. */
  readonly drilled: DrillProof | undefined;
  /** Files without which it is no complete backup: `users.cfg`. */
  readonly lacks: readonly string[];
}

/** The state of a server's backups. */
export interface StatusReport {
  readonly backupDir: string;
  /** Says whether the backup directory is there. */
  readonly isThere: boolean;
  readonly archives: number;
  readonly sizeBytes: number;
  /** Of the backup directory's file system, for this user; undefined where it is not there, or nobody can tell. */
  readonly freeBytes: number | undefined;
  readonly last: Readonly<Record<ArchiveType, StatusArchive | undefined>>;
  /** The newest archive that can be recovered, with what it needs. */
  readonly newestRecoverable: StatusArchive | undefined;
  /** The last archives, oldest first. */
  readonly recent: readonly StatusArchive[];
  readonly engine: RunningEngine | undefined;
  readonly unfinishedRecover: UnfinishedRecover | undefined;
  /** The states before recovers that are kept for a rollback, the oldest first. */
  readonly keptStates: readonly KeptState[];
  /** The run that works in the backup directory now, or keeps every other one out of it. */
  readonly lock: LockSighting | undefined;
  readonly level: StatusLevel;
  /** Why it is not ok, worst first. */
  readonly warnings: readonly string[];
  /** The number of the warnings, from the first on, that make it critical. */
  readonly criticalWarnings: number;
}

export interface StatusOptions {
  readonly storeDir: string;
  readonly storage: Storage;
  /** Of its archives; undefined where it is not there. */
  readonly states: readonly ArchiveState[] | undefined;
  readonly clock: Clock;
  /** Older than that the newest recoverable archive is critical; undefined sets no limit. */
  readonly maxAgeMs: number | undefined;
  /** Why the backup directory seems to be another one than that of the archives, and what else is odd about it. */
  readonly place: {
    readonly fault: string | undefined;
    readonly warning: string | undefined;
  };
  /** The faults of the schedule, and of who works through it. */
  readonly scheduleWarnings: readonly string[];
}

/** A clock may differ a little between the machines that write and read. */
const FUTURE_TOLERANCE_MS = 5 * 60_000;
/** The number of archives that a chart on a terminal has room for. */
const RECENT_ARCHIVES = 10;

/** The status that the archives have together, and the run that is at work. A missing backup directory is a state, not an error. */
export async function readStatus(
  installation: Installation,
  options: StatusOptions,
): Promise<StatusReport> {
  const now = options.clock();
  const { storage, states } = options;
  const places = [installation.dir, options.storeDir];
  const all = (states ?? []).map((state) => toArchive(state, now));
  const point = newestPoint(states ?? []);

  const facts = {
    backupDir: storage.name,
    isThere: states !== undefined,
    archives: all.length,
    sizeBytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    freeBytes: states && (await storage.freeSpace())?.freeBytes,
    last: findLast(states ?? [], now),
    newestRecoverable: point && toArchive(point, now),
    recent: all.slice(-RECENT_ARCHIVES),
    engine: await findRunningEngine(installation),
    unfinishedRecover: findUnfinishedRecover(places),
    keptStates: findKeptStates(places),
    lock: storage.lock.sight(options.clock),
  };

  const { place, maxAgeMs, scheduleWarnings } = options;
  const critical = criticalFacts(facts, place.fault, maxAgeMs);
  const warnings = [
    ...warningFacts(facts, all),
    ...(place.warning === undefined ? [] : [place.warning]),
    ...scheduleWarnings,
  ];

  const calmLevel = warnings.length > 0 ? 'warning' : 'ok';
  const level = critical.length > 0 ? 'critical' : calmLevel;

  return {
    ...facts,
    level,
    warnings: [...critical, ...warnings],
    criticalWarnings: critical.length,
  };
}

/** The newest of each type; those of a part of the server do not count. */
function findLast(
  states: readonly ArchiveState[],
  now: Date,
): StatusReport['last'] {
  const whole = states.filter(({ facts }) => partsOf(facts) === undefined);

  const lastOf = (type: ArchiveType): StatusArchive | undefined => {
    const last = whole.findLast(({ facts }) => facts.files.type === type);
    return last && toArchive(last, now);
  };

  return {
    full: lastOf('full'),
    differential: lastOf('differential'),
    copy: lastOf('copy'),
  };
}

type Facts = Omit<StatusReport, 'level' | 'warnings' | 'criticalWarnings'>;

/** A half replaced store comes first: no backup can be made of it. */
function criticalFacts(
  facts: Facts,
  placeFault: string | undefined,
  maxAgeMs: number | undefined,
): string[] {
  const { unfinishedRecover: recover } = facts;
  const half = recover && !recover.isRunning ? [recover.fact] : [];
  const faults =
    placeFault === undefined ? archiveFaults(facts, maxAgeMs) : [placeFault];

  return [...half, ...faults];
}

function archiveFaults(facts: Facts, maxAgeMs: number | undefined): string[] {
  if (!facts.isThere) {
    return [`the backup directory ${facts.backupDir} does not exist`];
  }

  if (facts.archives === 0) return ['there is no archive at all'];
  if (!facts.newestRecoverable) return ['no archive can be recovered'];

  const { ageMs, name } = facts.newestRecoverable;
  if (maxAgeMs === undefined || ageMs <= maxAgeMs) return [];

  return [
    `the newest recoverable archive ${name} is ${formatAge(ageMs)} old, more than ${formatAge(maxAgeMs)}`,
  ];
}

function warningFacts(
  facts: Facts,
  archives: readonly StatusArchive[],
): string[] {
  return [...workWarnings(facts), ...archiveWarnings(facts, archives)];
}

/** Warnings of those who are at work where a backup would be. */
function workWarnings({ unfinishedRecover: recover, lock }: Facts): string[] {
  const warnings: string[] = [];

  if (recover?.isRunning) warnings.push(recover.fact);
  if (lock?.isSuspicious) {
    warnings.push(
      `no backup can be made, the backup directory is locked: ${lock.fact}`,
    );
  }

  return warnings;
}

function archiveWarnings(
  facts: Facts,
  archives: readonly StatusArchive[],
): string[] {
  const bad = archives.filter(({ isRecoverable }) => !isRecoverable);
  const lacking = archives.filter(({ lacks }) => lacks.length > 0);
  const future = archives.filter(({ ageMs }) => ageMs < -FUTURE_TOLERANCE_MS);
  const newest = archives.at(-1);

  return [
    ...bad.map(describeBad),
    ...lacking.map(
      ({ name, lacks }) =>
        `${name} lacks ${lacks.join(', ')}: it is no complete backup`,
    ),
    ...future.map(
      ({ name }) => `${name} is dated in the future: a clock is wrong`,
    ),
    ...spaceWarnings(facts),
    ...(newest && !newest.verifiedAt
      ? [`${newest.name} was never verified; run verify`]
      : []),
  ];
}

function spaceWarnings({ last, freeBytes }: Facts): string[] {
  const fullBytes = last.full?.sizeBytes ?? last.copy?.sizeBytes ?? 0;
  if (freeBytes === undefined || freeBytes >= fullBytes) return [];

  return [
    `${formatSize(freeBytes)} free, the last full backup took ${formatSize(fullBytes)}`,
  ];
}

function describeBad({
  name,
  fault,
  isPartlyRecoverable,
}: StatusArchive): string {
  const extent = isPartlyRecoverable
    ? 'can be recovered in part only'
    : 'cannot be recovered';

  return `${name} ${extent}: ${fault ?? 'its base is missing'}`;
}

function toArchive(state: ArchiveState, now: Date): StatusArchive {
  const { isRecoverable, isPartlyRecoverable, fault, verifiedAt, lacks } =
    state;
  const { files } = state.facts;

  return {
    archive: archiveName(files.stem),
    name: archiveName(files.stem),
    type: files.type,
    takenAt: files.takenAt,
    ageMs: now.getTime() - files.takenAt.getTime(),
    sizeBytes: files.sizeBytes,
    isRecoverable,
    isPartlyRecoverable,
    fault,
    verifiedAt,
    drilled: state.drilled,
    lacks,
  };
}

/**
 * The state of every archive, no data of any; undefined where the storage is not there.
 * @param archives as they were just listed; undefined: they are listed
 */
export async function inspectIfThere(
  storage: Storage,
  archives?: readonly ArchiveFiles[],
): Promise<ArchiveState[] | undefined> {
  try {
    return await inspectArchives(
      storage,
      archives ?? (await listArchiveFiles(storage)),
    );
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;

    throw error;
  }
}
