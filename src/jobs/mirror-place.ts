/** The second place of archives, as kms-backup.ini names it. */
import { resolve } from 'node:path';
import type { Storage } from '../archive/storage.js';
import type { IniSettings } from '../settings/ini-settings.js';
import {
  type RetentionSettings,
  rulesIn,
} from '../settings/retention-section.js';
import { locateStorage } from './archive-places.js';
import { directoryTargetAt } from './bucket-targets.js';

export interface Mirror {
  readonly storage: Storage;
  /** What stays there; undefined: nothing is removed there. */
  readonly retention: RetentionSettings | undefined;
  /** False for one beside that of kms-backup.ini: what `status` says of the second place is not about it. */
  readonly isUsual: boolean;
}

/**
 * Undefined where the file names none. A path is one of the directory of that file; what stays there is said in [mirror], or else in the
 * section of the target.
 * @throws as `locateStorage`
 */
export function findMirror(
  { mirror, targets }: IniSettings,
  installDir: string,
): Mirror | undefined {
  const { to } = mirror;
  if (to === undefined) return undefined;

  const target = targets.find(({ name }) => name === to);
  const isElsewhere = /^s3:/i.test(to) || target !== undefined;
  const place = isElsewhere ? to : resolve(installDir, to);
  const own = isElsewhere ? target : directoryTargetAt(place, targets);

  return {
    storage: locateStorage(place, { 'server-dir': installDir }),
    retention: rulesIn(mirror.retention) ?? (own && rulesIn(own.rules)),
    isUsual: true,
  };
}
