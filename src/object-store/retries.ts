import { monotonicMs } from '../platform/clock.js';
import type { Fault } from './faults.js';
import type { TimeLimits } from './surroundings.js';

const LONGEST_PAUSE_MS = 10_000;
/** A call whose bytes were damaged on their way is tried so often: it may be this program that counts wrong. */
const MOST_DAMAGES = 4;
const DAMAGE: ReadonlySet<string> = new Set([
  'BadAnswer',
  'BadDigest',
  'BadRequest',
  'XAmzContentSHA256Mismatch',
]);

/** Says of one call whether, and after which pause, it is tried again. */
export class Retries {
  readonly #startMs = monotonicMs();
  #tries = 0;
  #damages = 0;

  constructor(private readonly limits: TimeLimits) {}

  /**
   * Milliseconds until the next try: at random, so that many who failed together do not come back together. Undefined: it is
   * over.
   * @param hasAnswered whether the server ever did
   */
  pauseMs(fault: Fault, hasAnswered: boolean): number | undefined {
    if (!fault.isPassing) return undefined;

    this.#tries++;
    if (DAMAGE.has(fault.reason)) this.#damages++;

    const { patienceMs, firstPatienceMs } = this.limits;
    const leftMs =
      this.#startMs +
      (hasAnswered ? patienceMs : firstPatienceMs) -
      monotonicMs();
    if (leftMs <= 0 || this.#damages >= MOST_DAMAGES) return undefined;

    const longestMs = this.limits.pauseMs * 2 ** (this.#tries - 1);

    return Math.random() * Math.min(longestMs, LONGEST_PAUSE_MS, leftMs);
  }
}
