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

/** What says where it is. */
export interface SecondPlace {
  readonly mirror: Pick<IniSettings['mirror'], 'to'>;
  readonly targets: IniSettings['targets'];
}

/** The directory that [mirror] names by its path; undefined where it is a bucket's address or a target's name. */
export function mirrorDirectory(
  { mirror: { to }, targets }: SecondPlace,
  installDir: string,
): string | undefined {
  const isElsewhere =
    to === undefined ||
    /^s3:/i.test(to) ||
    targets.some(({ name }) => name === to);

  return isElsewhere ? undefined : resolve(installDir, to);
}

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
  const directory = mirrorDirectory({ mirror, targets }, installDir);
  const place = directory ?? to;
  const own =
    directory === undefined ? target : directoryTargetAt(directory, targets);

  return {
    storage: locateStorage(place, { 'server-dir': installDir }),
    retention: rulesIn(mirror.retention) ?? (own && rulesIn(own.rules)),
    isUsual: true,
  };
}
