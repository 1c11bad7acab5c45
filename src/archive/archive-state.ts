import type { ArchiveFacts } from './archive-facts.js';

/**
 * An archive among its like. A differential needs its base: the full that it names, or, where the server wrote it, the
 * newest full before it.
 */
export interface ArchiveState {
  readonly facts: ArchiveFacts;
  /** The full that a differential is measured against. */
  readonly base: ArchiveFacts | undefined;
  readonly isRecoverable: boolean;
  /** Why it is not recoverable. */
  readonly fault: string | undefined;
  /** When every byte of it was last read and found sound. */
  readonly verifiedAt: Date | undefined;
  /** The required files that a recover of this point would not bring: `users.cfg`. Such a point is no complete backup. */
  readonly lacks: readonly string[];
}
