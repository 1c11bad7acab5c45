import { type Clock, systemClock } from '../platform/clock.js';

/** What a store takes from the machine it runs on. */
export interface Surroundings {
  readonly clock: Clock;
  readonly env: Environment;
  readonly limits: TimeLimits;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** After which something is given up. */
export interface TimeLimits {
  /** Until a connection stands, with its proxy and its encryption. */
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** From a request to the end of its answer, beside the time that its bytes take. */
  readonly wholeMs: number;
  /** For which a call is tried again and again, at a server that has answered before. */
  readonly patienceMs: number;
  /** The same at a server that never answered: its address may be wrong. */
  readonly firstPatienceMs: number;
  /** The longest pause before the second try; doubled for each further one. */
  readonly pauseMs: number;
}

const TIME_LIMITS: TimeLimits = {
  connectMs: 10_000,
  idleMs: 60_000,
  wholeMs: 120_000,
  patienceMs: 300_000,
  firstPatienceMs: 20_000,
  pauseMs: 200,
};

/** What may be given in place of the machine's own. */
export interface GivenSurroundings {
  readonly clock?: Clock;
  readonly env?: Environment;
  readonly limits?: Partial<TimeLimits>;
}

export function surroundingsOf({
  clock = systemClock,
  env = process.env,
  limits,
}: GivenSurroundings): Surroundings {
  return { clock, env, limits: { ...TIME_LIMITS, ...limits } };
}
