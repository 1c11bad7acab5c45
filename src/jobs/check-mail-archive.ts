/** What `doctor` says of the mail archive. */
import { constants, statSync } from 'node:fs';
import { findSources } from '../backup/sources.js';
import { KmsError } from '../errors.js';
import { accessFault } from '../platform/access-fault.js';
import { isOnePlace, liesWithin } from '../platform/one-place.js';
import { type Check, ok, problem, warning } from '../status/check.js';
import { MAIL_ARCHIVE } from '../store/components.js';
import { MAIL_ARCHIVE_NAME } from '../store/entry-place.js';
import type { IniSettings } from '../settings/ini-settings.js';
import { knownArchivePlaces } from './known-archive-places.js';
import type { OpenServer } from './server.js';
import { choose, INCLUDES_ARCHIVE } from './setting-sources.js';

const NAME = 'mail archive';

/** @param backups the directory of the archives, where it is one */
export function checkMailArchive(
  server: OpenServer,
  ini: IniSettings,
  backups: string | undefined,
): Check {
  const { archiveDir } = server.settings;
  if (!choose(INCLUDES_ARCHIVE, { flags: {}, ini })) {
    return ok(NAME, `${archiveDir} is not asked for: [backup] include-archive`);
  }

  const unreadable = accessFault(archiveDir, constants.R_OK | constants.X_OK);
  const fault = findFault(server, backups) ?? unreadable;
  if (fault !== undefined) {
    return problem(
      NAME,
      fault.includes(archiveDir) ? fault : `${archiveDir}: ${fault}`,
      'Mount its disk, correct ArchiveDir, or set include-archive = no.',
    );
  }

  return isOnDiskOf(archiveDir, backups)
    ? warning(
        NAME,
        `${archiveDir} is on the same file system as the backups`,
        'Back up to another disk, or copy the archives off.',
      )
    : ok(NAME, `${archiveDir} can be read, ${placeOf(server)}`);
}

/** What a backup would say that cannot take it. Other checks say why the store cannot be looked at. */
function findFault(
  { installation, settings }: OpenServer,
  own: string | undefined,
): string | undefined {
  const known = knownArchivePlaces(settings.backupDir, installation.dir);
  const all = own === undefined ? known : [own, ...known];
  const include = { ...settings.include, archive: true };
  const asking = { ...settings, include };

  try {
    const places = { own, all };
    const found = findSources(installation, asking, undefined, places);

    return found.skipped.find(({ name }) => name === MAIL_ARCHIVE_NAME)?.reason;
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return undefined;
  }
}

function isOnDiskOf(archiveDir: string, backups: string | undefined): boolean {
  if (backups === undefined) return false;

  const there = statSync(backups, { throwIfNoEntry: false });

  return there?.dev === statSync(archiveDir).dev;
}

function placeOf({ settings: { archiveDir, storeDir } }: OpenServer): string {
  if (!liesWithin(archiveDir, storeDir)) return 'outside of the store';

  const isUsual = isOnePlace(archiveDir, `${storeDir}/${MAIL_ARCHIVE}`);

  return isUsual ? 'in the store' : 'in the store, by a name of its own';
}
