/** The words of a run: its begun and its ended line together, and what it noted about itself. */

/** How a run ended, or that it goes on. `died`: begun, without an end, and its process is gone. */
export type RunState =
  | 'running'
  | 'done'
  | 'incomplete'
  | 'failed'
  | 'damaged'
  | 'interrupted'
  | 'died';

/** One run, its begun line and its ended line joined. */
export interface HistoryRun {
  readonly id: string;
  /** `backup full`. */
  readonly command: string;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly state: RunState;
  readonly exitCode: number | undefined;
  readonly error: HistoryError | undefined;
  /** The backup directory or bucket, where the run came as far as to know it. */
  readonly place: string | undefined;
  readonly facts: RunNotes;
  readonly host: string;
  readonly version: string;
  /** A person called it, at a terminal; false where nobody can tell. */
  readonly isAtTerminal: boolean;
}

/** Why a run ended early, as it was told on stderr. */
export interface HistoryError {
  readonly code: string;
  readonly message: string;
}

/** What a command notes about itself while it runs. None of it is secret: the file is read by monitoring. */
export interface RunNotes {
  /** The backup directory or bucket. */
  readonly place?: string;
  /** The archive that was published: `F20060118T220007Z.zip`. */
  readonly archive?: string;
  /** The archive that mail was recovered from, or the only one that was verified. */
  readonly from?: string;
  /** What a recover did that recovered no files. */
  readonly act?: 'imap' | 'rollback' | 'forget';
  /** In the store, in what was read, or that were recovered. */
  readonly messages?: number;
  /** That were written, read, copied, recovered or removed; those of archives as they lie on the disk. */
  readonly bytes?: number;
  /** Archives that a verify read, a replicate copied, a rotate removed. */
  readonly verified?: number;
  readonly copied?: number;
  readonly removed?: number;
  readonly warnings?: number;
  /** Files that were left out, each named in the report. */
  readonly leftOut?: number;
  /** Files that were left out and are known: `[backup] accept`. */
  readonly accepted?: number;
  /** What was left out on purpose: `[backup] exclude`. */
  readonly excluded?: {
    readonly domains: number;
    readonly users: number;
    readonly folders: number;
    readonly messages: number;
  };
  /** The mail archive, where it was asked for. */
  readonly mailArchive?: {
    /** In it, changed or not; undefined where it could not be taken. */
    readonly files?: number;
    /** Why it could not be taken. */
    readonly fault?: string;
  };
  /** Patterns that match nothing, by their setting. */
  readonly unusedPatterns?: {
    readonly accept: readonly string[];
    readonly exclude: readonly string[];
  };
  /** The `before` hook asked to leave this run out. */
  readonly isSkipped?: boolean;
  /** Far less mail than before: nothing is removed until somebody acknowledges it. */
  readonly isMassLoss?: boolean;
  /** Of a run that failed: what could not be told about it, and why. */
  readonly untold?: readonly string[];
  /** It failed before its settings were known, and was told as far as they can be read. */
  readonly isToldEarly?: boolean;
  /** The complete archives that lay there at the end. */
  readonly archivesThere?: number;
  /** The file system that they lay on, as the system tells it from others. */
  readonly device?: string;
  /** Archives that were read to the last byte, or recovered, and found whole. */
  readonly proven?: readonly {
    readonly archive: string;
    readonly by: 'verify' | 'drill';
  }[];
  /** A drill's measured time for a recover of everything. */
  readonly recoverMs?: number | undefined;
  /** The mail server was stopped for so long, by `--restart-server`. */
  readonly downMs?: number;
}
