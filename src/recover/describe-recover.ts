import { dirname, join } from 'node:path';
import type { Chain } from '../archive/chain.js';
import { archiveName } from '../archive/names.js';
import type { Area } from '../store/entry-place.js';
import { livePathOf } from '../store/live-places.js';
import { folderNameOf, messageNameOf } from '../store/mail-names.js';
import { isMessagePath } from '../store/message-file.js';
import { parseStorePath } from '../store/store-path.js';
import { isOnePlace } from '../platform/one-place.js';
import type { Cost } from './cost.js';
import type { FittedRecover } from './fit-places.js';
import {
  directoriesOf,
  type RecoverReport,
  type RecoverRequest,
} from './request.js';
import type { ChainEntries } from './select-entries.js';
import type { MeasuredSpaces } from './space.js';
import { isMailArchive } from './top-level-names.js';

/** The parts of a recover's report that a plan knows. Pure. */

interface DescribedEntries {
  readonly entries: ChainEntries;
  readonly roots: readonly string[] | undefined;
}

export type CostFields = Pick<
  RecoverReport,
  | 'loses'
  | 'adds'
  | 'addedMessages'
  | 'movesBack'
  | 'overwrites'
  | 'overwrittenMessages'
  | 'oldBytes'
>;

type SpaceFields = Pick<RecoverReport, 'neededBytes' | 'freeBytes' | 'disks'>;

type Described = Omit<
  RecoverReport,
  | keyof CostFields
  | keyof FittedRecover['facts']
  | 'lost'
  | keyof SpaceFields
  | 'keepsOld'
  | 'keepsIn'
>;

/** The part of a report that says what is brought, and where. */
export function describeRecover(
  request: RecoverRequest,
  chain: Chain,
  { entries, roots }: DescribedEntries,
): Described {
  const { storeDir, archiveDir, cfgDir, isAdditive } = request;

  return {
    schema: 'kms-backup/recover/1',
    isDryRun: true,
    archives: chain.archives.map(({ stem }) => archiveName(stem)),
    takenAt: chain.point.facts.files.takenAt,
    storeDir,
    archiveDir,
    cfgDir,
    places: placesFor(request, entries),
    replaces: isAdditive ? [] : replacedPaths(request, entries, roots),
    parts: isAdditive ? [] : partNames(entries, roots),
    messages: entries.messages,
    files: entries.files,
    bytes: entries.bytes,
    warnings: [],
    finished: null,
    keptOld: [],
    offTimes: [],
    carried: [],
    durationMs: 0,
  };
}

/** The part of a report that says what a recover costs. */
export function describeCost({
  loses,
  adds,
  movesBack,
  overwrites,
  liveBytes,
}: Cost): CostFields {
  return {
    loses,
    adds: adds.files,
    addedMessages: adds.messages,
    movesBack,
    overwrites: overwrites.files,
    overwrittenMessages: overwrites.messages,
    oldBytes: liveBytes,
  };
}

/** The part of a report that says what there is room for. */
export function describeSpace(spaces: MeasuredSpaces): SpaceFields {
  const [tightest] = spaces;

  return {
    neededBytes: tightest.needed,
    freeBytes: tightest.free,
    disks: spaces.map(({ at, needed, free }) => ({
      directory: at,
      neededBytes: needed,
      freeBytes: free,
    })),
  };
}

/** The paths that a report names as replaced. */
function replacedPaths(
  request: RecoverRequest,
  { tops }: ChainEntries,
  roots: readonly string[] | undefined,
): string[] {
  if (roots) return roots.map((root) => join(request.storeDir, root));

  const directories = directoriesOf(request);

  return tops.map(({ area, name }) => livePathOf(directories, area, name));
}

/** The parts that are replaced, as people read them: single messages, folders, mailboxes, or top-level names. */
function partNames(
  { tops }: ChainEntries,
  roots: readonly string[] | undefined,
): string[] {
  if (!roots) return tops.map(({ name }) => name);

  const messages = roots.filter(isMessagePath);
  const shown = messages.length > 0 ? messages : roots;

  return [...new Set(shown.map(partName))];
}

/** A file that is no message stands for its folder. */
function partName(root: string): string {
  const path = parseStorePath(root);
  if (path?.isMessage) return messageNameOf(path);

  const directory = root.endsWith('.fld') ? dirname(root) : root;
  const folder = parseStorePath(`${directory}/`);

  return folder ? folderNameOf(folder) : root;
}

function placesFor(
  { storeDir, archiveDir, cfgDir }: RecoverRequest,
  { tops }: ChainEntries,
): RecoverReport['places'] {
  const isIn = (area: Area): boolean => tops.some((top) => top.area === area);
  const isApart =
    tops.some(isMailArchive) && !isOnePlace(dirname(archiveDir), storeDir);

  return [
    ...(isIn('store')
      ? [{ directory: storeDir, holds: 'store' as const }]
      : []),
    ...(isApart
      ? [{ directory: archiveDir, holds: 'mail archive' as const }]
      : []),
    ...(isIn('install')
      ? [{ directory: cfgDir, holds: 'configuration' as const }]
      : []),
  ];
}
