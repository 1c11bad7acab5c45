import type { KeptCounts } from '../archive/kept-counts.js';
import type { LeftOutCounts } from '../store/left-out-words.js';

/** The report of one run of a backup, for mail to people and for metrics, pings and hooks of monitoring. Pure data. */

export type RunType = 'full' | 'differential' | 'copy';

/** done = everything is in the archive; incomplete = published, but something was skipped; failed = nothing published. */
type RunOutcome = 'done' | 'incomplete' | 'failed';

/** The number of messages in a run, and in the archive that it is compared with. */
export interface MessageCounts {
  readonly total: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** Moved or deleted by the server between walk and read: normal on a live store. */
  readonly vanished: number;
}

/** A file that exists in the store and is not in the archive. */
export interface SkippedFile {
  /** As the administrator knows it, folder names decoded. */
  readonly path: string;
  readonly reason: string;
}

/** One archive of the backup directory, for the chart of sizes. */
export interface ArchivePoint {
  readonly name: string;
  readonly type: RunType;
  readonly takenAt: Date;
  /** All volumes together, as they lie on the disk. */
  readonly sizeBytes: number;
}

/** The result of the rotation after the run. */
interface RotationFacts {
  readonly kept: KeptCounts;
  /** Null where rules set no such number. */
  readonly limit: number | null;
  /** The rule of what is kept, in words: `at most 5 complete backups, each full with its newest differential`. */
  readonly policy: string;
  readonly removed: readonly string[];
}

/** The state of the archive; a failed run has none. */
export interface ArchiveFacts {
  /** `F20060118T220007Z.zip`. */
  readonly name: string;
  /** The full that a differential is measured against. */
  readonly base?: string | undefined;
  readonly messages: MessageCounts;
  /** Of the files in it, before compression. */
  readonly sizeBytes: number;
  /** Of its volumes on the disk. */
  readonly compressedBytes: number;
  readonly volumes: number;
  /** Entries that were read back and compared; undefined where the run was told not to. */
  readonly verifiedEntries?: number | undefined;
  /** Undefined where it was not asked for, or could not be taken. */
  readonly mailArchive?: MailArchiveFacts | undefined;
  /** Directories of archives, which lie in what is backed up and are no part of it. */
  readonly keptOut?: readonly string[] | undefined;
}

/** The mail archive, as the run took it. */
interface MailArchiveFacts {
  readonly directory: string;
  /** In it, changed or not. */
  readonly files: number;
}

/** Why a run failed, as it was told on stderr. */
interface RunError {
  readonly code: string;
  readonly message: string;
  readonly hints: readonly string[];
}

/** The facts about one finished or failed run of a backup. */
export interface RunReport {
  readonly schema: 'kms-backup/run/1';
  /** `backup full`. */
  readonly command: string;
  /** `scheduled`: a schedule run that failed before it knew which backup is due. */
  readonly type: RunType | 'scheduled';
  /** The machine it ran on. */
  readonly hostname: string;
  readonly backupDir: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly outcome: RunOutcome;
  readonly exitCode: number;
  /** Undefined where the run failed before it published one. */
  readonly archive?: ArchiveFacts | undefined;
  readonly warnings: readonly string[];
  readonly skipped: readonly SkippedFile[];
  /** Not in the archive either, and known to the administrator: no reason for attention. */
  readonly accepted?: readonly SkippedFile[] | undefined;
  /** Left out on purpose: `[backup] exclude`. */
  readonly excluded?: ExcludedFacts | undefined;
  /** Patterns of `accept` and `exclude` that match nothing. */
  readonly unusedPatterns?: UnusedPatterns | undefined;
  readonly rotation?: RotationFacts | undefined;
  readonly error?: RunError | undefined;
  /** The last archives, oldest first, this run's among them. */
  readonly recentArchives: readonly ArchivePoint[];
}

/** What a run leaves out on purpose. */
interface ExcludedFacts extends LeftOutCounts {
  readonly patterns: readonly string[];
  readonly paths: readonly {
    readonly name: string;
    readonly kind: 'domain' | 'user' | 'folder';
    readonly messages: number;
  }[];
}

interface UnusedPatterns {
  readonly accept: readonly string[];
  readonly exclude: readonly string[];
}

/** The limits that end a step of reporting before its own time limit. */
export interface StepLimits {
  readonly mostMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Says whether the run needs attention: it failed, left files out, or warns. */
export function needsAttention(report: RunReport): boolean {
  return (
    report.outcome !== 'done' ||
    report.warnings.length > 0 ||
    report.skipped.length > 0
  );
}

export function durationMsOf(report: RunReport): number {
  return report.finishedAt.getTime() - report.startedAt.getTime();
}
