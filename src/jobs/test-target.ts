/** The trial of a target: what its place can do, and what this machine may do there. */
import { storageAt } from '../archive/storages.js';
import { openObjectStore } from '../object-store/open-object-store.js';
import { systemClock } from '../platform/clock.js';
import {
  checkDirectory,
  checkSealing,
} from '../status/check-directory-target.js';
import type {
  BucketSettings,
  TargetSettings,
} from '../settings/target-section.js';
import type { Check } from '../status/check.js';
import {
  lookAtTarget,
  type ProbeRequest,
  probeTarget,
} from '../status/probe-target.js';
import { bucketOf, placeOfTarget } from './bucket-targets.js';
import type { ServerFlags } from './server.js';
import { findTarget } from './targets.js';

/** What was found out of a target. */
export interface TargetTrial {
  readonly target: string;
  /** `s3://bucket/prefix` */
  readonly place: string;
  readonly checks: readonly Check[];
}

/** @throws {NotFoundError} when there is no such target */
export async function testTarget(
  name: string,
  flags: ServerFlags,
): Promise<TargetTrial> {
  const target = findTarget(name, flags);
  const checks = await checksOf(target, probeTarget);
  const place = storageAt(placeOfTarget(target)).name;

  return { target: name, place, checks };
}

/** What can be said of targets without writing there, each check under the target's name. */
export async function lookAtTargets(
  targets: readonly TargetSettings[],
): Promise<Check[]> {
  const looks = targets.map(async (target) =>
    named(target, await checksOf(target, lookAtTarget)),
  );

  return (await Promise.all(looks)).flat();
}

async function checksOf(
  target: TargetSettings,
  ask: (request: ProbeRequest) => Promise<Check[]>,
): Promise<Check[]> {
  const place =
    target.type === 's3'
      ? await withStore(target, ask)
      : [await checkDirectory(target)];

  return [...place, ...(await checkSealing(placeOfTarget(target)))];
}

/** A look promises less than a trial: the first fact says so. A target may be one that nothing uses yet, so that its faults are warnings. */
function named(
  { name, type }: TargetSettings,
  checks: readonly Check[],
): Check[] {
  return checks.map((check, at) => ({
    ...check,
    name: `target ${name}: ${check.name}`,
    state: check.state === 'problem' ? 'warning' : check.state,
    fact:
      at === 0 && check.state === 'ok' && type === 's3'
        ? `${check.fact}; whether this machine may write there is tried by target test ${name}`
        : check.fact,
  }));
}

async function withStore<Result>(
  settings: BucketSettings,
  act: (request: ProbeRequest) => Promise<Result>,
): Promise<Result> {
  const { target, retention } = bucketOf(settings);
  const store = openObjectStore(target);

  try {
    return await act({
      store,
      isRetained: retention !== undefined,
      clock: systemClock,
    });
  } finally {
    store.close();
  }
}
