/** The state of a server's backups as data. */
import type { ArchiveType } from '../archive/names.js';
import type { DrillProof } from '../archive/proof.js';
import type { LockSighting } from '../platform/lock.js';
import type { RunningEngine } from '../server/engine.js';
import type { KeptState } from '../server/kept-states.js';
import type { UnfinishedRecover } from '../server/recover-mark.js';

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
  /** The mail server may not have written it to its end yet. */
  readonly isBeingWritten: boolean;
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
  /** Those that are written to their end. */
  readonly last: Readonly<Record<ArchiveType, StatusArchive | undefined>>;
  /** The newest archive that can be recovered, with what it needs. */
  readonly newestRecoverable: StatusArchive | undefined;
  /** The last archives, oldest first, also one that is being written. */
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

/** The state before it is judged. */
export type StatusFacts = Omit<
  StatusReport,
  'level' | 'warnings' | 'criticalWarnings'
>;
