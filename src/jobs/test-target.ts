/** The trial of a target: what its store can do, and what this machine may do there. */
import { openObjectStore } from '../object-store/open-object-store.js';
import { systemClock } from '../platform/clock.js';
import type { Check } from '../status/check.js';
import { probeTarget } from '../status/probe-target.js';
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
  const bucket = bucketOf(findTarget(name, flags));
  const store = openObjectStore(bucket.target);

  try {
    const checks = await probeTarget({
      store,
      isRetained: bucket.retention !== undefined,
      clock: systemClock,
    });

    return { target: name, place: store.name, checks };
  } finally {
    store.close();
  }
}
