import type { ArchiveState } from '../archive/archive-state.js';
import type { Storage } from '../archive/storage.js';
import type { Clock } from '../platform/clock.js';
import type { OnProgress } from '../platform/progress.js';

/** What is copied, and where to. */
export interface ReplicateRequest {
  readonly source: Storage;
  readonly target: Storage;
  /** The archives that the target is to have, all of `source`. */
  readonly wanted: readonly ArchiveState[];
  readonly isDryRun: boolean;
  /** Whether the source is to note what the target has. */
  readonly isRecorded: boolean;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One archive on its way. */
export interface ArchiveCopy {
  readonly state: ArchiveState;
  readonly target: Storage;
  /** CRC-32 of each volume, as it was proven. */
  readonly crcs: readonly number[];
  readonly signal: AbortSignal | undefined;
  readonly onSent: (piece: Buffer) => void;
}

/** `there`: the target has it, proven; `copy`: a dry run says that it would be copied; `left`: the target does not have it. */
type ReplicateAction = 'there' | 'copied' | 'copy' | 'left';

/** What became of one archive. */
export interface ReplicatedArchive {
  readonly archive: string;
  readonly action: ReplicateAction;
  readonly sizeBytes: number;
  /** Why the target does not have it. */
  readonly reason?: string;
  /** The error's code, where there was one. */
  readonly code?: string;
}

export interface ReplicateReport {
  readonly schema: 'kms-backup/replicate/1';
  readonly isDryRun: boolean;
  readonly from: string;
  readonly to: string;
  /** In the order in which they are copied. */
  readonly archives: readonly ReplicatedArchive[];
  readonly warnings: readonly string[];
}
