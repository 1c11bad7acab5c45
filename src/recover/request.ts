import type { ArchivePlace } from '../archive/storages.js';
import type { Missing } from '../archive/salvage/missing.js';
import type { Component } from '../store/components.js';
import type { Clock } from '../platform/clock.js';
import type { OnProgress } from '../platform/progress.js';
import type { ServerDirectories } from '../store/live-places.js';
import type { TypedScope } from '../store/mail-scope.js';
import type { AdditiveCounts } from './additive.js';
import type { Losses } from './cost.js';

/** Everything that a recover needs to know. */
export interface RecoverRequest {
  readonly from: ArchivePlace;
  /** Absolute: where mail, lists and the like go. */
  readonly storeDir: string;
  /** Absolute: where the mail archive goes. */
  readonly archiveDir: string;
  /** Absolute: what nothing that is replaced may hold, as the mail archive might: directories of backups. */
  readonly kept: readonly string[];
  /** Absolute: where configuration, certificates and licence go. */
  readonly cfgDir: string;
  /** Absolute: those of the two that the user named. */
  readonly named: readonly string[];
  /** Why the present mailserver.cfg does not say where the store is; `storeDir` is then a new installation's. */
  readonly lostConfig: string | undefined;
  /** The configuration goes to another place than that of the server here, and the store is not this server's either. */
  readonly isCopy: boolean;
  /** The paths in mailserver.cfg stay those of the archive. */
  readonly keepsPaths: boolean;
  /** Nobody starts a server on what is recovered: that its paths do not fit is no news. */
  readonly isRehearsal?: boolean | undefined;
  /** Undefined: every part that the archive holds. */
  readonly mask: ReadonlySet<Component> | undefined;
  /** A part of the mail, as people name it; undefined: everything. */
  readonly scope: TypedScope | undefined;
  /** Mail is added under free names, nothing is overwritten. */
  readonly isAdditive: boolean;
  /** Added mail: the live index of its folders is set aside, so that the server makes it anew. */
  readonly reindexes: boolean;
  /** Whether the old state stays for `--rollback`. */
  readonly keeping: 'always' | 'with-room' | 'never';
  /** The old state stays as NAME.BAK. */
  readonly keepsBeside: boolean;
  /** The old state is removed first: there is no undo. */
  readonly isInPlace: boolean;
  /** What is damaged is left out and named, and everything else is recovered. */
  readonly isSalvage: boolean;
  /** The messages that are lost are named, not only counted. */
  readonly namesLosses: boolean;
  readonly threads: number | undefined;
  readonly clock: Clock;
  /** Notes on the request itself, for the report. */
  readonly notes: readonly string[];
  /** Asked before anything is changed, and again before the swap. @throws {EngineRunningError} */
  refuseWhileRunning(): Promise<void>;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The directories that a recover goes to. */
export function directoriesOf({
  storeDir,
  cfgDir,
  archiveDir,
}: Pick<
  RecoverRequest,
  'storeDir' | 'cfgDir' | 'archiveDir'
>): ServerDirectories {
  return { store: storeDir, install: cfgDir, archive: archiveDir };
}

/** A path of mailserver.cfg that leads elsewhere here than in the archive. */
export interface AdaptedPath {
  /** The variable: `StoreDir`. */
  readonly name: string;
  /** Empty: the archive's mailserver.cfg has none. */
  readonly from: string;
  readonly to: string;
}

/** The result of a recover, or of one that would be made. */
export interface RecoverReport {
  readonly schema: 'kms-backup/recover/1';
  readonly isDryRun: boolean;
  /** The base first. */
  readonly archives: readonly string[];
  readonly takenAt: Date;
  readonly storeDir: string;
  /** Where the mail archive goes, where the archive has it. */
  readonly archiveDir: string;
  readonly cfgDir: string;
  /** Top-level names that are replaced. */
  readonly replaces: readonly string[];
  readonly messages: number;
  readonly files: number;
  readonly bytes: number;
  /** The space on the tightest of the disks. */
  readonly neededBytes: number;
  readonly freeBytes: number;
  /** The space on each disk that gets something, the tightest first. */
  readonly disks: readonly {
    /** A directory on it. */
    readonly directory: string;
    readonly neededBytes: number;
    readonly freeBytes: number;
  }[];
  /** The same as people read it: `example.com/alice/INBOX/Ärzte`, `mailserver.cfg`. */
  readonly parts: readonly string[];
  /** The directories that something is put into. */
  readonly places: readonly {
    readonly directory: string;
    readonly holds: 'store' | 'mail archive' | 'configuration';
  }[];
  /** What is live and goes, because the archive has nothing of it. */
  readonly loses: Losses;
  /** Files that are missing live, messages among them. */
  readonly adds: number;
  readonly addedMessages: number;
  /** Messages that go back to their places: they are live in others of their mailboxes. */
  readonly movesBack: number;
  /** Files that are live with another content, messages among them. */
  readonly overwrites: number;
  readonly overwrittenMessages: number;
  /** What is replaced stays for `--rollback`. */
  readonly keepsOld: boolean;
  /** The directories in which it stays. */
  readonly keepsIn: readonly string[];
  /** The size of what is replaced. */
  readonly oldBytes: number;
  readonly warnings: readonly string[];
  /** The paths in mailserver.cfg that are not the archive's. */
  readonly adapted: readonly AdaptedPath[];
  /** The names of what was asked for and does not come: files that the archive does not hold, and all that is lost of it. */
  readonly missing: readonly string[];
  /** Mailboxes without an account in users.cfg: `bob@example.com`; `@example.net` where the whole domain has none. */
  readonly withoutAccount: readonly string[];
  /** The messages that an additive recover adds; undefined for one that replaces. */
  readonly additive?: AdditiveCounts | undefined;
  /** The recover of an earlier call that this one completed first; null: none. */
  readonly finished: string | null;
  /** The paths at which the old state is kept; none where it is removed. */
  readonly keptOld: readonly string[];
  /** Entries that have other times now than in the archive: the file system does not keep theirs. */
  readonly offTimes: readonly string[];
  /** What damage keeps a salvage from bringing. */
  readonly lost: readonly Missing[];
  /** Live files that stay because a salvage cannot bring them. */
  readonly carried: readonly string[];
  readonly durationMs: number;
}
