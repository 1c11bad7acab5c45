/** The progress of a verb. Verbs report it, and the user interface draws it. */
export interface ProgressReport {
  /** The present phase of the work: `reading`, `writing`, `verifying`, `recovering`, … */
  readonly phase: string;
  readonly doneItems: number;
  /** Undefined while the total is not known. */
  readonly totalItems?: number | undefined;
  readonly doneBytes: number;
  readonly totalBytes?: number | undefined;
  /** The present file, folder or archive, in the administrator's words: `example.com/alice/INBOX`. */
  readonly current?: string | undefined;
}

export type OnProgress = (report: ProgressReport) => void;
