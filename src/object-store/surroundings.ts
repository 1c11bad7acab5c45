import type { Clock } from '../platform/clock.js';

/** What a store needs of the machine it runs on. */
export interface Surroundings {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}
