import type { Chain } from '../archive/chain.js';
import { type ChainIndex, readFolders } from '../archive/chain-index.js';
import { type FolderRun, mailboxOf } from '../archive/folder-index.js';
import { foldersOf } from '../archive/open-folders.js';
import { KmsError, NotFoundError } from '../errors.js';
import {
  isDirectoryInScope,
  isOwnerToTheLetter,
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { MailIndex } from '../store/mailboxes.js';
import {
  parseEntryDirectory,
  type StoreDirectory,
} from '../store/store-path.js';
import { scopeRules } from './scope-rules.js';

/**
 * Does what needs a part of the mail with the records of that part alone, where the archives say where these lie. Where they do not, or
 * anything comes out of it but a result, it is done once more with all records: nothing is refused or not found on the strength of an index.
 */
export async function withNarrowChain<T>(
  chain: Chain,
  typed: TypedScope | undefined,
  { narrow, whole }: NarrowWork<T>,
): Promise<T> {
  const index = typed && (await narrowChain(chain, typed));
  if (!index) return whole();

  try {
    return await narrow(index);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return whole();
  }
}

/** One work in two ways. */
interface NarrowWork<T> {
  readonly narrow: (index: ChainIndex) => T | Promise<T>;
  readonly whole: () => Promise<T>;
}

async function narrowChain(
  chain: Chain,
  typed: TypedScope,
): Promise<ChainIndex | undefined> {
  const { facts, base } = chain.point;
  const runs = [facts, ...(base ? [base] : [])].map((own) => foldersOf(own));
  if (runs.some((own) => own === undefined)) return undefined;

  const mailboxes = groupRuns(runs.flatMap((volumes) => volumes?.flat() ?? []));

  try {
    const { scope, near } = findScopeIn(mailboxes, typed);

    return await readFolders(chain, wantedBy(scope, near));
  } catch (error) {
    if (error instanceof KmsError) return undefined;

    throw error;
  }
}

/** Runs of one mailbox, or of one directory above the mailboxes. */
interface RunGroup {
  readonly place: StoreDirectory | undefined;
  readonly runs: FolderRun[];
}

/** A server has thousands of folders, and each has several runs: where they lie is found out once for a mailbox. */
function groupRuns(runs: readonly FolderRun[]): RunGroup[] {
  const groups = new Map<string, RunGroup>();

  for (const run of runs) {
    const mailbox = mailboxOf(run.prefix);
    const group = groups.get(mailbox) ?? {
      place: parseEntryDirectory(mailbox),
      runs: [],
    };

    group.runs.push(run);
    groups.set(mailbox, group);
  }

  return [...groups.values()];
}

/**
 * The part that is meant among the folders of all archives of a chain, and the runs that may hold some of it; its records tell whether the
 * point has it.
 * @throws {KmsError} where there is no such part
 */
function findScopeIn(
  groups: readonly RunGroup[],
  typed: TypedScope,
): { readonly scope: MailScope; readonly near: readonly FolderRun[] } {
  const index = new MailIndex();

  for (const { runs } of groups) {
    const run = runs.find(({ areDirectories }) => !areDirectories);
    if (run) addRun(index, run);
  }

  // A message is named with its folder, which may be any.
  const owner = typed.messages
    ? {}
    : { domain: typed.domain, user: typed.user };
  const owned = resolveScope(index, { ...owner, withSubfolders: true });
  // Mailboxes without files are not in the index, and one of them may be the better match.
  if (!isOwnerToTheLetter(owned, owner)) {
    throw new NotFoundError('the index has a similar name only');
  }

  const near = groups
    .filter(({ place }) => !place || mayConcern(owned, place))
    .flatMap(({ runs }) => runs);

  for (const run of near) if (!run.areDirectories) addRun(index, run);

  return { scope: resolveScope(index, typed), near };
}

function addRun(index: MailIndex, { prefix }: FolderRun): void {
  const directory = parseEntryDirectory(prefix);
  if (directory) index.add(directory, 0, directory.holdsMessages ? 1 : 0);
}

/** What lies above the mailboxes concerns each of them. */
function mayConcern(scope: MailScope, place: StoreDirectory): boolean {
  return !isInMailbox(place) || isDirectoryInScope(scope, place);
}

/**
 * Of directories all are read that may lie around what is wanted; our own texts stand at the root. Above the mailboxes lie the entries of
 * mailboxes, as many as the server has: who wants a folder does without them.
 */
function wantedBy(
  scope: MailScope,
  runs: readonly FolderRun[],
): (run: FolderRun) => boolean {
  const rules = scopeRules(scope);
  const isChosen = ({ prefix }: FolderRun): boolean =>
    prefix === '' || rules.choose(prefix) !== 'none';

  const isAround = ({ prefix }: FolderRun): boolean =>
    !namesFoldersAlone(scope) || isInMailbox(parseEntryDirectory(prefix));

  const folders = runs
    .filter((run) => !run.areDirectories && isChosen(run))
    .map(({ prefix }) => prefix);

  const directories = runs
    .filter((run) => run.areDirectories && isAround(run))
    .filter(
      (run) =>
        isChosen(run) ||
        folders.some((folder) => folder.startsWith(run.prefix)),
    )
    .map(({ prefix }) => prefix);

  const wanted = {
    folders: new Set(folders),
    directories: new Set(directories),
  };

  return ({ prefix, areDirectories }) =>
    wanted[areDirectories ? 'directories' : 'folders'].has(prefix);
}

/** Says whether no mailbox's own directory can be wanted: that belongs to no folder. */
function namesFoldersAlone({ folder, messages }: MailScope): boolean {
  return folder !== undefined && folder !== '' && messages === undefined;
}

/** Says whether a directory lies in a mailbox or in public folders, not above. */
function isInMailbox(place: StoreDirectory | undefined): boolean {
  return place?.user !== undefined || place?.isPublic === true;
}
