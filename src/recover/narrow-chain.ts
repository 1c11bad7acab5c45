import type { Chain } from '../archive/chain.js';
import { type ChainIndex, readFolders } from '../archive/chain-index.js';
import type { FolderRun } from '../archive/folder-index.js';
import { foldersOf } from '../archive/open-folders.js';
import { KmsError } from '../errors.js';
import {
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { MailIndex } from '../store/mailboxes.js';
import { parseEntryDirectory } from '../store/store-path.js';
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

  const all = runs.flatMap((volumes) => volumes?.flat() ?? []);
  const scope = findScopeIn(all, typed);

  return scope && readFolders(chain, wantedBy(scope, all));
}

/** The part that is meant among the folders of all archives of a chain; its records tell whether the point has it. */
function findScopeIn(
  runs: readonly FolderRun[],
  typed: TypedScope,
): MailScope | undefined {
  const index = new MailIndex();

  for (const { prefix, areDirectories } of runs) {
    const directory = areDirectories ? undefined : parseEntryDirectory(prefix);
    if (directory) index.add(directory, 0, directory.holdsMessages ? 1 : 0);
  }

  try {
    return resolveScope(index, typed);
  } catch (error) {
    if (error instanceof KmsError) return undefined;

    throw error;
  }
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

  const folders = runs
    .filter((run) => !run.areDirectories && isChosen(run))
    .map(({ prefix }) => prefix);

  const wanted = new Set([
    ...folders,
    ...runs
      .filter((run) => run.areDirectories)
      .filter((run) => !namesFoldersAlone(scope) || isInMailbox(run))
      .filter(
        (run) =>
          isChosen(run) ||
          folders.some((folder) => folder.startsWith(run.prefix)),
      )
      .map(({ prefix }) => `${prefix}*`),
  ]);

  return ({ prefix, areDirectories }) =>
    wanted.has(areDirectories ? `${prefix}*` : prefix);
}

/** Says whether no mailbox's own directory can be wanted: that belongs to no folder. */
function namesFoldersAlone({ folder, messages }: MailScope): boolean {
  return folder !== undefined && folder !== '' && messages === undefined;
}

/** Says whether directories lie in a mailbox or in public folders, not above. */
function isInMailbox({ prefix }: FolderRun): boolean {
  const place = parseEntryDirectory(prefix);

  return place?.user !== undefined || place?.isPublic === true;
}
