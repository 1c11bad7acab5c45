import { formatAge } from '../platform/units.js';
import type { MailArchiveStatus } from './mail-archive.js';
import type { RunType } from '../report/run-report.js';

/** One archive as the status shows it. */
export interface StatusArchive {
  readonly name: string;
  readonly type: RunType;
  readonly takenAt: Date;
  /** All volumes, on the disk. */
  readonly sizeBytes: number;
  readonly volumes: number;
  /** Undefined where the archive does not say. */
  readonly messages?: number | undefined;
  /** The full that a differential needs. */
  readonly needs?: string | undefined;
  /** The last time at which it was read back; undefined where it never was. */
  readonly verifiedAt?: Date | undefined;
  /** The last drill of it: `2026-11-22 06:00 (1 mailbox)`. */
  readonly drilled?: string | undefined;
  readonly isRecoverable: boolean;
  /** The mail server may not have written it to its end yet. */
  readonly isBeingWritten?: boolean | undefined;
  /** `pinned until 2027-01-31: before the move` */
  readonly pin?: string | undefined;
  /** Why it is not recoverable, or what else is wrong with it. */
  readonly problem?: string | undefined;
}

/** One user's mail, or a public folder tree. */
export interface MailboxSize {
  /** `example.com/alice`. */
  readonly name: string;
  readonly messages: number;
  readonly sizeBytes: number;
  /** With decoded names, in any order. */
  readonly folders: readonly {
    readonly name: string;
    readonly messages: number;
    readonly sizeBytes: number;
  }[];
}

interface StatusWarning {
  readonly severity: 'warning' | 'critical';
  readonly text: string;
  readonly hint?: string | undefined;
}

interface NextRun {
  readonly at: Date;
  readonly type: RunType;
  readonly description: string;
}

/** The second place of archives, as the last copy left it. */
export interface StatusMirror {
  readonly to: string;
  /** The newest archive that was there; undefined: none. */
  readonly newest: string | undefined;
  /** How much older that is than the newest recoverable one here; undefined where nothing is there. */
  readonly behindMs: number | undefined;
}

/** Everything the status page shows. Times are shown in the process's time zone. */
export interface StatusFacts {
  readonly hostname: string;
  readonly generatedAt: Date;
  readonly backupDir: string;
  readonly storeDir: string;
  /** The tool's. */
  readonly version: string;
  readonly warnings: readonly StatusWarning[];
  /** Oldest first. */
  readonly archives: readonly StatusArchive[];
  /** In any order; empty where nobody measured them. */
  readonly mailboxes: readonly MailboxSize[];
  /** The last backup in words; undefined where nobody wrote it down. */
  readonly lastRun?: string | undefined;
  /** The backup at work, in words. */
  readonly running?: string | undefined;
  /** What the last backup left out and was known, in words; undefined where that is nothing. */
  readonly leftOut?: string | undefined;
  /** Soonest first. */
  readonly nextRuns: readonly NextRun[];
  /** Of the backup directory's file system; undefined where it does not say. */
  readonly freeBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
  /** Undefined where it is no matter of these backups. */
  readonly mailArchive?: MailArchiveStatus | undefined;
  /** Undefined where nothing was ever copied to a second place. */
  readonly mirror?: StatusMirror | undefined;
}

/** `24h behind`; undefined where nothing is there. */
export function describeLag({ behindMs }: StatusMirror): string | undefined {
  if (behindMs === undefined) return undefined;

  return behindMs === 0 ? 'up to date' : `${formatAge(behindMs)} behind`;
}

/** The name of each type, and its letter where there is little room. */
export const TYPE_WORDS: Readonly<
  Record<RunType, { word: string; letter: string }>
> = {
  full: { word: 'full', letter: 'F' },
  differential: { word: 'differential', letter: 'D' },
  copy: { word: 'copy', letter: 'C' },
};
