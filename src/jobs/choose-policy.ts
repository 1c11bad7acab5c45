/**
 * Which archives of a place stay. The first that says something: --keep, the rules of that place ([mirror], [target.NAME]), [retention] of
 * kms-backup.ini, the server's limit.
 */
import type { Storage } from '../archive/storage.js';
import { storageAt } from '../archive/storages.js';
import { limitPolicy, retentionPolicy } from '../rotate/choose-policy.js';
import type { RetentionPolicy } from '../rotate/policy.js';
import type { IniSettings } from '../settings/ini-settings.js';
import {
  type RetentionSettings,
  rulesIn,
} from '../settings/retention-section.js';
import { placeOfTarget } from './bucket-targets.js';
import { findMirror } from './mirror-place.js';
import {
  choose,
  KEEPS_DIFFERENTIALS,
  RETENTION,
  type Sources,
} from './setting-sources.js';

/** The place that is rotated, and where kms-backup.ini lies; undefined on a machine without a server. */
interface RotatedPlace {
  readonly storage: Storage;
  readonly installDir: string | undefined;
}

export function choosePolicy(
  sources: Sources,
  place: RotatedPlace,
): RetentionPolicy {
  const { ini } = sources;
  const rules = ini && rulesOfPlace(ini, place);
  const retention = choose(RETENTION, {
    ...sources,
    ini: rules ? { ...ini, retention: rules } : ini,
  });
  const keepsDifferentials = choose(KEEPS_DIFFERENTIALS, sources);

  return typeof retention === 'number'
    ? limitPolicy(retention, keepsDifferentials)
    : retentionPolicy(retention, keepsDifferentials);
}

function rulesOfPlace(
  ini: IniSettings,
  { storage, installDir = '.' }: RotatedPlace,
): RetentionSettings | undefined {
  const mirror = findMirror(ini, installDir);
  if (mirror?.retention && mirror.storage.identity === storage.identity) {
    return mirror.retention;
  }

  const own = ini.targets.find(
    (target) => storageAt(placeOfTarget(target)).identity === storage.identity,
  );

  return own && rulesIn(own.rules);
}
