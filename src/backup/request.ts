import type { Catalogue } from '../archive/backup-directory.js';
import type { ArchiveType } from '../archive/names.js';
import type { Pin } from '../archive/pins.js';
import type { Storage } from '../archive/storage.js';
import type { CodecName } from '../archive/zip/codec-types.js';
import type { Component } from '../store/components.js';
import type { OversizePolicy } from '../archive/write/oversize.js';
import type { Clock } from '../platform/clock.js';
import type { OnProgress } from '../platform/progress.js';
import type { Installation } from '../server/installation.js';
import type { ServerSettings } from '../server/settings.js';
import type { ExcludedReport } from './left-out.js';
import type { LossLimits } from './mass-loss.js';

/** Everything that a run of backup needs to know; nothing else is read. */
export interface BackupRequest {
  readonly type: ArchiveType;
  readonly installation: Installation;
  readonly settings: ServerSettings;
  /** The storage that the archive goes to. */
  readonly storage: Storage;
  /** The other directories of this machine in which archives lie, or wait to be sent. */
  readonly archivePlaces: readonly string[];
  readonly volumeLimitBytes: number;
  readonly oversize: OversizePolicy;
  /** Patterns of paths whose oddity is known. */
  readonly accept: readonly string[];
  /** Patterns of folders and users that are left out on purpose. */
  readonly exclude: readonly string[];
  /** Undefined: what the Include switches say. */
  readonly mask: ReadonlySet<Component> | undefined;
  /** 1 to 9. */
  readonly level: number;
  /** What compresses. */
  readonly engine: CodecName;
  readonly threads: number;
  /** Files that are read at once where the disk lets the threads wait; 0: each thread reads for itself. */
  readonly filesAhead: number;
  /** Differential: compare content instead of size and time. */
  readonly usesChecksum: boolean;
  /**
   * Full and copy: what is unchanged is copied out of older archives. Of so many fulls one is read from the store whole; undefined: all
   * are.
   */
  readonly reuse?: { readonly freshEvery: number } | undefined;
  /** Read every written byte back before the archive gets its name. */
  readonly readsBack: boolean;
  readonly lockWaitMs: number;
  /** So much stays free beside the archive; undefined: the server's soft limit, where the store is on the same disk. */
  readonly minFreeBytes: number | undefined;
  /** The archive is pinned from its first moment on; undefined: it is not. */
  readonly pin?: Pick<Pin, 'reason' | 'until'> | undefined;
  /** The share of the mail that may be gone before it is an alarm. */
  readonly lossLimits: LossLimits;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Mail, in the numbers that administrators know. */
export interface MessageCounts {
  /** In the store when it was listed. */
  readonly total: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** Gone between listing and reading: normal on a live store. */
  readonly vanished: number;
}

/** Something that the archive lacks, or holds in a doubtful state. */
export interface BackupIssue {
  readonly kind:
    'skipped' | 'unreadable' | 'oversize' | 'unsettled' | 'unlocked';
  /** An entry name. */
  readonly name: string;
  readonly reason: string;
  /** A link, a pipe, a name that no archive can hold. */
  readonly isByNature?: boolean | undefined;
}

/** By the setting that they stand in. */
interface UnusedPatterns {
  readonly accept: readonly string[];
  readonly exclude: readonly string[];
}

/** What a full or copy took out of older archives. */
export interface ReuseReport {
  /** The newest first. */
  readonly archives: readonly ReusedArchive[];
  readonly files: number;
  /** As they lie in the archives: compressed, with headers. */
  readonly storedBytes: number;
  /** Files that could not be copied, and were read from the store. */
  readonly readInstead: number;
  /** Why everything was read from the store; undefined where something was to be copied. */
  readonly reason: string | undefined;
}

export interface ReusedArchive {
  /** `F20060118T220007Z.zip` */
  readonly archive: string;
  readonly files: number;
  readonly storedBytes: number;
}

/** The mail archive of a server, as a backup takes it. */
export interface MailArchive {
  /** Absolute; links have been followed. */
  readonly directory: string;
  /** In it when it was listed, changed or not. */
  readonly files: number;
}

/** What an archive will take. */
export interface BackupEstimate {
  /** Of what is packed, before compression. */
  readonly sourceBytes: number;
  /** Of the archive. */
  readonly storedBytes: number;
  /** Undefined where no archive tells. */
  readonly durationMs: number | undefined;
  /** The archive that tells how much is gained by compressing; undefined: none does, and the usual share of mail is taken. */
  readonly like: string | undefined;
  /** Now; undefined where nobody can tell. */
  readonly freeBytes: number | undefined;
  /** What is to stay free. */
  readonly minFreeBytes: number;
}

/** The report of a backup's run; with `isDryRun` of one that was planned only. */
export interface BackupReport {
  readonly schema: 'kms-backup/backup/1';
  readonly isDryRun: boolean;
  readonly type: ArchiveType;
  /** The archive's first volume; for a dry run the name it would have. */
  readonly archive: string;
  /** The full that a differential is measured against. */
  readonly base: string | undefined;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly messages: MessageCounts;
  /** Messages that this archive itself holds. */
  readonly packedMessages: number;
  readonly files: number;
  readonly directories: number;
  readonly sourceBytes: number;
  readonly storedBytes: number;
  readonly volumes: readonly string[];
  readonly entries: number;
  /** Entries that were read back and found as written; 0 with --no-verify. */
  readonly verifiedEntries: number;
  readonly issues: readonly BackupIssue[];
  /** What is not in the archive either, and is known: `[backup] accept`. */
  readonly accepted: readonly BackupIssue[];
  /** What was left out on purpose: `[backup] exclude`. */
  readonly excluded: ExcludedReport;
  /** Patterns of both that match nothing. */
  readonly unusedPatterns: UnusedPatterns;
  /** Undefined where it was not asked for, or could not be taken. */
  readonly mailArchive?: MailArchive | undefined;
  /** Directories of archives, which lie in what is backed up and are no part of it. */
  readonly keptOut: readonly string[];
  /** Undefined where nothing was to be copied out of older archives. */
  readonly reused: ReuseReport | undefined;
  /** As it was pinned; undefined where it is not. */
  readonly pin?: Pin | undefined;
  /** Files kept in parts because no volume can hold them. */
  readonly split: readonly string[];
  /** Temporary files of dead runs that were removed. */
  readonly swept: readonly string[];
  readonly warnings: readonly string[];
  /** Of a dry run: what the archive would take. */
  readonly estimate?: BackupEstimate;
  /** Far less mail than in the archive before: rotation must remove nothing. */
  readonly isMassLoss: boolean;
}

/** A run of backup that published its archive. */
export interface FinishedBackup {
  readonly report: BackupReport;
  /** With the new archive, as the run left it. */
  readonly catalogue: Catalogue;
}
