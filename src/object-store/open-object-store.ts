import { systemClock } from '../platform/clock.js';
import type { ObjectStore, ObjectStoreTarget } from './object-store.js';
import { S3Store } from './s3-store.js';
import type { Surroundings } from './surroundings.js';

/** Opens the store of a target. Nothing is asked of the server yet. */
export function openObjectStore(
  target: ObjectStoreTarget,
  surroundings: Surroundings = { clock: systemClock, env: process.env },
): ObjectStore {
  return new S3Store(target, surroundings);
}
