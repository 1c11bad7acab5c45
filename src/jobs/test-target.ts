/** The trial of a target: what its store can do, and what this machine may do there. */
import type { BucketTarget } from '../archive/object-storage/bucket.js';
import { openObjectStore } from '../object-store/open-object-store.js';
import { systemClock } from '../platform/clock.js';
import type { TargetSettings } from '../settings/target-section.js';
import type { Check } from '../status/check.js';
import {
  lookAtTarget,
  type ProbeRequest,
  probeTarget,
} from '../status/probe-target.js';
import { bucketOf } from './bucket-targets.js';
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
  return withStore(bucketOf(findTarget(name, flags)), async (request) => ({
    target: name,
    place: request.store.name,
    checks: await probeTarget(request),
  }));
}

/** What can be said of targets without writing there, each check under the target's name. */
export async function lookAtTargets(
  targets: readonly TargetSettings[],
): Promise<Check[]> {
  const looks = targets.map((target) =>
    withStore(bucketOf(target), async (request) =>
      named(target.name, await lookAtTarget(request)),
    ),
  );

  return (await Promise.all(looks)).flat();
}

/** A look promises less than a trial: the first fact says so. A target may be one that nothing uses yet, so that its faults are warnings. */
function named(target: string, checks: readonly Check[]): Check[] {
  return checks.map((check, at) => ({
    ...check,
    name: `target ${target}: ${check.name}`,
    state: check.state === 'problem' ? 'warning' : check.state,
    fact:
      at === 0 && check.state === 'ok'
        ? `${check.fact}; whether this machine may write there is tried by target test ${target}`
        : check.fact,
  }));
}

async function withStore<Result>(
  { target, retention }: BucketTarget,
  act: (request: ProbeRequest) => Promise<Result>,
): Promise<Result> {
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
