/** What the flags of a drill ask for. */
import type { DrillWish } from '../drill/plan-sample.js';
import { UsageError } from '../errors.js';
import { isServerAtWork } from './server-at-work.js';
import type { ServerFlags } from './server.js';

export interface DrillFlags extends ServerFlags {
  readonly full: boolean;
  /** Per cent. */
  readonly sample?: number | undefined;
  readonly domain?: string | undefined;
  readonly user?: string | undefined;
  readonly seed?: number | undefined;
  /** The directory in which the scratch directory is made. */
  readonly to?: string | undefined;
  readonly keep: boolean;
  readonly threads?: number | undefined;
}

/** What a drill is to recover, when it begins, and who may be writing archives then. */
export interface DrillRequest {
  readonly wish: DrillWish;
  /** Of what chance chooses; undefined: another one each time. */
  readonly seed: number | undefined;
  readonly startedAt: Date;
  readonly isServerAtWork: () => Promise<boolean>;
}

/** @throws {UsageError} where flags name two things */
export function refuseContradiction(flags: DrillFlags): void {
  const { full, sample, domain, user, seed } = flags;
  const isNamed = domain !== undefined || user !== undefined;
  const asked = [full, sample !== undefined, isNamed].filter(Boolean);

  if (asked.length > 1) {
    throw new UsageError(
      '--full, --sample, and --user or --domain each say what is drilled: leave out all but one of them',
    );
  }

  if (seed !== undefined && (full || isNamed)) {
    throw new UsageError('--seed is for what chance chooses: leave it out');
  }
}

function wishOf({ full, sample, domain, user }: DrillFlags): DrillWish {
  if (full) return { kind: 'everything' };
  if (sample !== undefined) return { kind: 'share', percent: sample };
  if (domain === undefined && user === undefined) return { kind: 'one' };

  return { kind: 'named', scope: { domain, user, withSubfolders: true } };
}

export function toDrillRequest(
  flags: DrillFlags,
  startedAt: Date,
): DrillRequest {
  return {
    wish: wishOf(flags),
    seed: flags.seed,
    startedAt,
    isServerAtWork: () => isServerAtWork(flags),
  };
}
