/** What `doctor` says of the mail archive. */
import { constants, statSync } from 'node:fs';
import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { readArchiveFacts } from '../archive/archive-facts.js';
import { holdsMailArchive } from '../archive/completeness.js';
import type { Storage } from '../archive/storage.js';
import { estimateArchive, findExamples } from '../backup/estimate.js';
import { findKeptOut } from '../backup/kept-out.js';
import { type Amount, measureTree } from '../backup/measure-tree.js';
import { findSources, type Source } from '../backup/sources.js';
import { KmsError } from '../errors.js';
import { accessFault } from '../platform/access-fault.js';
import type { DirectoryIdentity } from '../platform/look-again.js';
import { isOnePlace, liesWithin } from '../platform/one-place.js';
import { formatSize, plural } from '../platform/units.js';
import { type Check, ok, problem, warning } from '../status/check.js';
import { MAIL_ARCHIVE } from '../store/components.js';
import { MAIL_ARCHIVE_NAME } from '../store/entry-place.js';
import type { IniSettings } from '../settings/ini-settings.js';
import { knownArchivePlaces } from './known-archive-places.js';
import type { OpenServer } from './server.js';
import { choose, INCLUDES_ARCHIVE } from './setting-sources.js';

const NAME = 'mail archive';

/** What is said of it, and what the next full backup takes for it that the last one did not. */
interface ExaminedMailArchive {
  readonly check: Check;
  /** As it will be stored; 0 where it is not asked for, cannot be taken, or is in the last full backup. */
  readonly moreBytes: number;
}

/** Every file of it is looked at, where it is asked for. */
export async function examineMailArchive(
  server: OpenServer,
  ini: IniSettings,
  storage: Storage,
): Promise<ExaminedMailArchive> {
  const { archiveDir } = server.settings;
  if (!choose(INCLUDES_ARCHIVE, { flags: {}, ini })) {
    const fact = `${archiveDir} is not asked for: [backup] include-archive`;

    return { check: ok(NAME, fact), moreBytes: 0 };
  }

  const backups = storage.localDirectory;
  const unreadable = accessFault(archiveDir, constants.R_OK | constants.X_OK);
  const { fault = unreadable, source, exclude } = findTree(server, backups);
  if (fault !== undefined) {
    const fact = fault.includes(archiveDir) ? fault : `${archiveDir}: ${fault}`;
    const advice =
      'Mount its disk, correct ArchiveDir, or set include-archive = no.';

    return { check: problem(NAME, fact, advice), moreBytes: 0 };
  }

  const amount = source && (await measureTree(source, exclude));

  return {
    check: describe(server, backups, amount),
    moreBytes: amount ? await storedBytesOf(amount, storage) : 0,
  };
}

function describe(
  server: OpenServer,
  backups: string | undefined,
  amount: Amount | undefined,
): Check {
  const { archiveDir } = server.settings;
  const size = amount
    ? `: ${plural(amount.files, 'file')}, ${formatSize(amount.bytes)}`
    : '';

  return isOnDiskOf(archiveDir, backups)
    ? warning(
        NAME,
        `${archiveDir} is on the same file system as the backups${size}`,
        'Back up to another disk, or copy the archives off.',
      )
    : ok(NAME, `${archiveDir} can be read, ${placeOf(server)}${size}`);
}

/** By the rule of a backup's estimate. */
async function storedBytesOf(
  { bytes }: Amount,
  storage: Storage,
): Promise<number> {
  const archives = await listIfThere(storage);
  const last =
    archives.findLast(({ type }) => type === 'full') ??
    archives.findLast(({ type }) => type === 'copy');
  if (last && holdsMailArchive(await readArchiveFacts(last))) return 0;

  const examples = await findExamples({ storage, archives });
  const amount = { sourceBytes: bytes, copiedBytes: 0 };

  return estimateArchive('full', amount, examples).storedBytes;
}

/** Other checks say why they cannot be listed. */
async function listIfThere(storage: Storage): Promise<ArchiveFiles[]> {
  try {
    return await listArchiveFiles(storage);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return [];
  }
}

/** Where it lies, what of it is not entered, and what a backup would say that cannot take it. */
interface FoundTree {
  readonly fault?: string | undefined;
  readonly source?: Source | undefined;
  readonly exclude: readonly DirectoryIdentity[];
}

/** Other checks say why the store cannot be looked at. */
function findTree(
  { installation, settings }: OpenServer,
  own: string | undefined,
): FoundTree {
  const known = knownArchivePlaces(settings.backupDir, installation.dir);
  const all = own === undefined ? known : [own, ...known];
  const include = { ...settings.include, archive: true };
  const asking = { ...settings, include };

  try {
    const places = { own, all };
    const found = findSources(installation, asking, undefined, places);
    const { skipped, sources } = found;

    return {
      fault: skipped.find(({ name }) => name === MAIL_ARCHIVE_NAME)?.reason,
      source: sources.find(({ component }) => component === 'archive'),
      exclude: findKeptOut(all, found).identities,
    };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return { exclude: [] };
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
