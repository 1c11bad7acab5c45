import type { ObjectStore, ObjectStoreTarget } from './object-store.js';
import { S3Store } from './s3-store.js';
import { type GivenSurroundings, surroundingsOf } from './surroundings.js';

/**
 * Opens the store of a target. Nothing is asked of the server yet.
 * @throws {ConfigurationError} when an address or a file of the target is none
 */
export function openObjectStore(
  target: ObjectStoreTarget,
  surroundings: GivenSurroundings = {},
): ObjectStore {
  return new S3Store(target, surroundingsOf(surroundings));
}
