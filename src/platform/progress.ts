/** How far a verb has come. Verbs report it; the user interface draws it. */
export interface ProgressReport {
  /** What is being done: `reading`, `writing`, `verifying`, `recovering`, … */
  readonly phase: string;
  readonly doneItems: number;
  /** Undefined while the total is not known. */
  readonly totalItems?: number | undefined;
  readonly doneBytes: number;
  readonly totalBytes?: number | undefined;
  /** What is worked on now, in the administrator's words: `example.com/alice/INBOX`. */
  readonly current?: string | undefined;
}

export type OnProgress = (report: ProgressReport) => void;
