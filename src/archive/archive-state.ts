import type { ArchiveFacts } from './archive-facts.js';
import type { Damage } from './damage.js';
import type { PinState } from './pins.js';
import type { DrillProof, Prover } from './proof.js';

/**
 * An archive among its like. A differential needs its base: the full that it names, or, where the server wrote it, the
 * newest full before it.
 */
export interface ArchiveState {
  readonly facts: ArchiveFacts;
  /** The full that a differential is measured against. */
  readonly base: ArchiveFacts | undefined;
  /** All of it can be recovered, as far as is known without a read of its data. */
  readonly isRecoverable: boolean;
  /** The undamaged part of it can be recovered. */
  readonly isPartlyRecoverable: boolean;
  /** The mail server may not have written it to its end yet; only who asks for that knows. */
  readonly isBeingWritten?: boolean | undefined;
  /** Why it is not recoverable. */
  readonly fault: string | undefined;
  /** Why a differential has no base that it could be recovered with. */
  readonly chainFault: string | undefined;
  /** The fault of its base. */
  readonly baseFault: string | undefined;
  /** The known damage of it and of its base. */
  readonly damage: readonly Damage[];
  /** Why it, or its base, could not be read this time: that is no damage. */
  readonly unreadable: Error | undefined;
  /** The last time at which every byte of it was read and found sound. */
  readonly verifiedAt: Date | undefined;
  /** Who did that; undefined where nobody did, or an earlier version wrote it down. */
  readonly verifiedBy?: Prover | undefined;
  /** The last drill that recovered it, or some of it; undefined: none. */
  readonly drilled?: DrillProof | undefined;
  /** What the file beside it says of a pin; undefined where it never had one. */
  readonly pin?: PinState | undefined;
  /** The required files that a recover of this point would not bring: `users.cfg`. Such a point is no complete backup. */
  readonly lacks: readonly string[];
}
