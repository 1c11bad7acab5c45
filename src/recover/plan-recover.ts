import { archiveName } from '../archive/names.js';
import { basename, dirname, join } from 'node:path';
import { placeOf, sharedPlaceOf } from '../store/entry-place.js';
import { describeParts } from '../archive/completeness.js';
import { DamagedArchiveError, NotFoundError } from '../errors.js';
import { plural } from '../platform/units.js';
import {
  MESSAGE_DIRECTORY,
  SETTINGS_DIRECTORY,
} from '../store/message-file.js';
import {
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { countFolders, type FolderPlan, planFolders } from './additive.js';
import { type Chain, describePassed, readPoint } from './chain.js';
import {
  type ChainEntries,
  type EntryFilter,
  type OpenChain,
  openChain,
  selectFrom,
} from './entries.js';
import { findIn, judgeDamage } from './judge-damage.js';
import type { Want } from './lost-volumes.js';
import type { RecoverReport, RecoverRequest } from './request.js';
import {
  indexMail,
  refuseMissingMessages,
  rootOf,
  scopeFilter,
  wantOfMail,
} from './scope.js';
import { checkSpace, measureSpace } from './space.js';
import { callOf, noteEarlier } from './earlier.js';
import { placesOf } from './units.js';

/** A recover that has been thought through and not begun. */
export interface PlannedRecover {
  readonly chain: Chain;
  readonly entries: ChainEntries;
  /** The paths below the store that are replaced; undefined: top-level names whole. */
  readonly roots: readonly string[] | undefined;
  readonly folders: readonly FolderPlan[] | undefined;
  /** Tells the same call apart from others, in the journal of one that died. */
  readonly call: string;
  readonly report: RecoverReport;
}

/**
 * Finds the archives, checks their structure and the space, and says what would be replaced. Changes nothing.
 * @throws {NotFoundError} when the archive holds nothing of what was asked for
 * @throws {DamagedArchiveError} when damage touches what was asked for
 */
export async function planRecover(
  request: RecoverRequest,
): Promise<PlannedRecover> {
  return readPoint(request.from, (chain) => planFrom(request, chain));
}

async function planFrom(
  request: RecoverRequest,
  chain: Chain,
): Promise<PlannedRecover> {
  const opened = await openChain(chain);
  const scope = request.scope && findScope(opened, request.scope);

  const entries = selectFrom(
    opened,
    filterFor(request, scope),
    isPartial(request),
  );

  if (scope) {
    findIn(opened, () => {
      refuseMissingMessages(opened, scope, entries);
    });
  }

  const notes = await judgeDamage(
    opened,
    entries.selections,
    wantOf(request, scope),
  );

  if (entries.selections.every(({ indices }) => indices.length === 0)) {
    throw nothingFound(chain, entries);
  }

  const roots = scope && collectRoots(entries, scope);
  if (roots?.length === 0) throw nothingFound(chain, entries);

  const call = callOf(request, { chain, entries, roots });
  const earlier = noteEarlier(request, call, placesOf(request, entries));
  const { needed, free } = earlier.isWhole
    ? measureSpace(request, entries)
    : checkSpace(request, entries);
  const folders = request.isAdditive
    ? planFolders(request.storeDir, entries)
    : undefined;
  const places =
    roots?.map((root) => join(request.storeDir, root)) ??
    topPathsOf(request, entries);

  const report: RecoverReport = {
    schema: 'kms-backup/recover/1',
    isDryRun: true,
    archives: chain.archives.map(({ stem }) => archiveName(stem)),
    takenAt: chain.point.facts.files.takenAt,
    storeDir: request.storeDir,
    cfgDir: request.cfgDir,
    replaces: folders ? [] : places,
    messages: entries.messages,
    files: entries.files,
    bytes: entries.bytes,
    neededBytes: needed,
    freeBytes: free,
    warnings: [...collectWarnings(chain, entries), ...notes, ...earlier.notes],
    additive: folders && countFolders(folders),
    finished: null,
    keptOld: [],
    offTimes: [],
    durationMs: 0,
  };

  return { chain, entries, roots, folders, call, report };
}

function topPathsOf(request: RecoverRequest, entries: ChainEntries): string[] {
  return entries.tops.map(({ area, name }) =>
    join(area === 'store' ? request.storeDir : request.cfgDir, name),
  );
}

/** What a folder holds of its own, beside its subfolders and `FOLDER_FILES`. */
const FOLDER_CONTENT = [
  MESSAGE_DIRECTORY,
  SETTINGS_DIRECTORY,
  'index.fld',
  'indexlog.fld',
  'search.fld',
];

/**
 * The paths that a part of the mail is replaced at. Of a folder without its subfolders, and where single messages come,
 * that is also what the archive lacks: an index of other messages must not stay beside them, the server rebuilds it.
 */
function collectRoots(entries: ChainEntries, scope: MailScope): string[] {
  const roots = new Set<string>();
  for (const { table, indices } of entries.selections) {
    for (const index of indices) {
      const root = rootOf(scope, table.name(index));
      if (root !== undefined) roots.add(root);
    }
  }

  const isOneFolder = scope.folder !== undefined && !scope.withSubfolders;
  if (!scope.messages && !isOneFolder) return [...roots];

  const holders = scope.messages
    ? [...roots]
        .map(dirname)
        .filter((holder) => basename(holder) === MESSAGE_DIRECTORY)
    : [...roots];
  const folders = new Set(holders.map(dirname));
  const stale = scope.messages ? ['index.fld', 'search.fld'] : FOLDER_CONTENT;

  for (const folder of folders) {
    for (const name of stale) roots.add(`${folder}/${name}`);
  }

  return [...roots];
}

/** Finds the part of the mail that a person means. @throws {NotFoundError} · {DamagedArchiveError} where it may be lost */
export function findScope(opened: OpenChain, typed: TypedScope): MailScope {
  return findIn(opened, () => resolveScope(indexMail(opened), typed));
}

/** Of a part only what is chosen is judged: damage elsewhere keeps nobody from it. */
export function isPartial({ scope, mask }: RecoverRequest): boolean {
  return scope !== undefined || mask !== undefined;
}

/** What a request wants, as far as damage may concern it. */
export function wantOf(
  { mask }: RecoverRequest,
  scope: MailScope | undefined,
): Want {
  return scope
    ? wantOfMail(scope)
    : { components: mask, isMailboxWanted: undefined, isByName: false };
}

/** What a request wants of an archive. */
export function filterFor(
  { mask }: RecoverRequest,
  scope: MailScope | undefined,
): EntryFilter {
  if (scope) return scopeFilter(scope);
  if (!mask) return () => true;

  const isWanted = (name: string): boolean => {
    const place = placeOf(name);
    return place !== undefined && mask.has(place.component);
  };

  return (prefix) => (sharedPlaceOf(prefix) ? isWanted(prefix) : isWanted);
}

function nothingFound(chain: Chain, entries: ChainEntries): Error {
  const { files, version } = chain.point.facts;
  if (!version && entries.foreign.length > 0) {
    return new DamagedArchiveError(
      `${archiveName(files.stem)} is no backup of a mail server`,
      {
        hints: [
          'An archive holds .version.txt, the configuration and @backup/….',
        ],
      },
    );
  }

  return new NotFoundError(
    `${files.stem}.zip holds nothing of what was asked for`,
    {
      hints: ['See what it holds with recover --listing.'],
    },
  );
}

function collectWarnings(chain: Chain, entries: ChainEntries): string[] {
  const warnings = describePassed(chain);
  const parts = describeParts(chain.point.facts);

  if (parts !== undefined) {
    warnings.push(
      `${chain.point.facts.files.stem}.zip holds only ${parts}: everything else stays as it is`,
    );
  }

  if (chain.point.lacks.length > 0) {
    warnings.push(
      `${chain.point.facts.files.stem}.zip lacks ${chain.point.lacks.join(', ')}: it is no complete backup, and what is there stays`,
    );
  }

  if (!entries.knowsDeletions) {
    warnings.push(
      'the server wrote this differential: which mail was deleted since the full is unknown, and it comes back',
    );
  }

  if (entries.foreign.length > 0) {
    const [first] = entries.foreign;
    warnings.push(
      `${plural(entries.foreign.length, 'entry', 'entries')} of no part of a mail server left out, first ${JSON.stringify(first)}`,
    );
  }

  if (entries.windowsNames.length > 0) {
    warnings.push(
      `${plural(entries.windowsNames.length, 'name')} could not be recovered on Windows, first ${JSON.stringify(entries.windowsNames[0])}`,
    );
  }

  return [...warnings, ...entries.warnings];
}
