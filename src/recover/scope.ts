import { wholeName } from '../archive/entry-names.js';
import {
  type DirectoryRun,
  directoryRuns,
} from '../archive/zip/directory-runs.js';
import { isMessageAt } from '../archive/entry-kind.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { placeOf } from '../store/entry-place.js';
import { notFound } from '../store/find-name.js';
import { folderNameOf, messageKeyOf } from '../store/mail-names.js';
import {
  isDirectoryInScope,
  isInScope,
  type MailScope,
} from '../store/mail-scope.js';
import { MailIndex } from '../store/mailboxes.js';
import { MESSAGE_DIRECTORY } from '../store/message-file.js';
import { pathInMail } from '../store/entry-place.js';
import {
  FOLDER_FILES,
  parseEntryDirectory,
  parseEntryPath,
  type StoreDirectory,
} from '../store/store-path.js';
import {
  type ChainEntries,
  type EntryFilter,
  type OpenChain,
  selectFrom,
} from './entries.js';
import type { Want } from './lost-volumes.js';

/** Choosing a part of the mail of a chain: a domain, a user, a folder, messages. */

/** All mailboxes and folders of a chain's point, with their messages and sizes. */
export function indexMail(chain: OpenChain): MailIndex {
  const index = new MailIndex();
  if (chain.parts?.has('mail') === false) return index;

  const last = chain.archives.at(-1);
  for (const checked of chain.archives) {
    const hidden = checked === last ? undefined : chain.hidden;
    for (const { table } of checked.archive.volumes) {
      for (const run of directoryRuns(table)) {
        indexRun(index, table, run, hidden?.get(run.prefix));
      }
    }
  }

  return index;
}

function indexRun(
  index: MailIndex,
  table: EntryTable,
  { prefix, start, end }: DirectoryRun,
  hiddenNames: ReadonlySet<string> | undefined,
): void {
  const place = parseEntryDirectory(prefix);
  if (!place) return;

  let [entries, messages, sizeBytes] = [0, 0, 0];
  for (let at = start; at < end; at++) {
    const part = table.part(at);
    if (part && part.index > 0) continue;

    if (
      hiddenNames?.has(part ? wholeName(table.name(at)) : table.name(at)) ===
      true
    ) {
      continue;
    }

    entries++;
    if (!isMessageAt(table, at, place.holdsMessages)) continue;

    messages++;
    sizeBytes += part?.totalBytes ?? table.size(at);
    if (place.holder !== MESSAGE_DIRECTORY) {
      addMisplaced(index, table.name(at));
    }
  }

  if (entries > 0) index.add(place, sizeBytes, messages);
}

function addMisplaced(index: MailIndex, entryName: string): void {
  const place = parseEntryPath(wholeName(entryName));
  if (place) index.addMisplaced(place);
}

/** What a part of the mail wants of a point, as far as damage may concern it. */
export function wantOfMail({ domain, user, messages }: MailScope): Want {
  const isMailboxWanted = (mailbox: string): boolean => {
    const [first, second] = mailbox.split('/', 2);
    // The public folders of the whole server are counted one by one: `#public/News`.
    if (first === '#public') {
      return domain === undefined && (user === undefined || user === '#public');
    }

    return (
      (domain === undefined || first === domain) &&
      (user === undefined || second === user)
    );
  };

  return {
    components: new Set(['mail']),
    isMailboxWanted,
    isByName: messages !== undefined,
  };
}

/** The mailboxes and folders of messages that were chosen one by one. */
export function indexEntries({ selections }: ChainEntries): MailIndex {
  const index = new MailIndex();
  for (const { table, indices } of selections) {
    for (const at of indices) {
      const part = table.part(at);
      const place = parseEntryPath(
        part ? wholeName(table.name(at)) : table.name(at),
      );

      if (place?.isMessage === true && (part?.index ?? 0) === 0) {
        index.add(place, part?.totalBytes ?? table.size(at), 1);
      }
    }
  }

  return index;
}

/** Wants what lies in the scope, with the files that belong to its folders, and what shows the folders above. */
export function scopeFilter(scope: MailScope): EntryFilter {
  const isWanted = (name: string): boolean => {
    const place = parseEntryPath(name);
    return place !== undefined && isInScope(scope, place);
  };

  const isFolderFile = (name: string): boolean =>
    FOLDER_FILES.has(name.slice(name.lastIndexOf('/') + 1));
  const isElsewhere = scope.messages
    ? (): boolean => false
    : elsewhereOf(scope);
  const isOnTheWay = onTheWayTo(scope);

  return (prefix) => {
    const place = isElsewhere(prefix) ? undefined : parseEntryDirectory(prefix);
    if (!place) return false;

    // What shows a folder comes with its messages; a mailbox's own directory is shown by nothing.
    if (isOnTheWay(place)) {
      return (name) =>
        (place.folder !== '' && isFolderFile(name)) || isWanted(name);
    }

    if (scope.messages) return false;

    // Outside of the scope its parent may still hold the entry of its directory, with its time and mode.
    return isDirectoryInScope(scope, place) ? true : { directories: isWanted };
  };
}

/** Tells the folders that hold chosen messages, and the folders above those or above the chosen folder. */
function onTheWayTo(scope: MailScope): (place: StoreDirectory) => boolean {
  const ways = new Set<string>();
  const addWay = (folder: string): void => {
    for (
      let slash = folder.lastIndexOf('/');
      slash > 0;
      slash = folder.lastIndexOf('/', slash - 1)
    ) {
      ways.add(folder.slice(0, slash));
    }
  };

  scope.messages?.forEach(addWay);
  if (scope.messages) ways.add('');

  const { domain, user, folder } = scope;
  if (!scope.messages && folder !== undefined && user !== undefined) {
    addWay(folderNameOf({ domain, user, folder, isPublic: false }));
  }

  return (place) =>
    (place.folder !== '' || scope.messages !== undefined) &&
    ways.has(folderNameOf(place));
}

/**
 * Compares the messages that were named with those that are there.
 * @throws {NotFoundError} naming one that the archive does not hold, with the nearest that its folder has
 */
export function refuseMissingMessages(
  chain: OpenChain,
  scope: MailScope,
  entries: ChainEntries,
): void {
  const found = messageKeysOf(entries);
  const missing = [...(scope.messages ?? [])].find((name) => !found.has(name));
  if (missing === undefined) return;

  const folder = missing.slice(0, Math.max(0, missing.lastIndexOf('/')));

  const isBeside = (name: string): boolean => {
    const place = parseEntryPath(name);
    return place?.isMessage === true && folderNameOf(place) === folder;
  };

  throw notFound('message', missing, [
    ...messageKeysOf(selectFrom(chain, () => isBeside, true)),
  ]);
}

function messageKeysOf({ selections }: ChainEntries): Set<string> {
  const keys = new Set<string>();
  for (const { table, indices } of selections) {
    for (const index of indices) {
      const place = parseEntryPath(wholeName(table.name(index)));
      if (place?.isMessage === true) keys.add(messageKeyOf(place));
    }
  }

  return keys;
}

/** Tells the directories of other domains and users by their first letters: they are most of an archive. */
function elsewhereOf({ domain, user }: MailScope): (prefix: string) => boolean {
  if (domain === undefined) return () => false;

  const mailbox = user === undefined ? `${domain}/` : `${domain}/${user}/`;

  return (prefix) => {
    const below = pathInMail(prefix);

    return (
      below === undefined ||
      !(below.startsWith(mailbox) || mailbox.startsWith(below))
    );
  };
}

/**
 * The path below the store that is replaced for an entry in the scope: the folder's directory for a folder with its
 * subfolders, a file or `#msgs` of it without them, the file for a message. Undefined for what
 * only comes along.
 * Example: for folder `INBOX/Ärzte` of alice, `mail/example.com/alice/INBOX/&AMQ-rzte`.
 */
export function rootOf(
  scope: MailScope,
  entryName: string,
): string | undefined {
  const place = parseEntryPath(entryName);
  const path = placeOf(entryName)?.path.replace(/\/+$/, '');
  if (path === undefined || !place || !isInScope(scope, place)) {
    return undefined;
  }

  if (scope.messages) return path;

  const steps = path.split('/');
  const depth = depthOf(scope, steps);
  // Never a directory above what was asked for: everything else in it would go.
  if (steps.length < depth) return undefined;
  if (scope.folder === undefined || scope.withSubfolders) {
    return steps.slice(0, depth).join('/');
  }

  // Not the folder's own directory: its subfolders lie in it, and stay.
  return steps.length > depth ? steps.slice(0, depth + 1).join('/') : undefined;
}

/** How many steps a path has that is the whole of a scope: `mail/example.com` 2, `mail/example.com/alice/INBOX` 4. */
function depthOf(
  { user, folder }: MailScope,
  steps: readonly string[],
): number {
  if (user === undefined) return 2;
  const mailbox = steps[1] === '#public' ? 2 : 3;
  return folder === undefined ? mailbox : mailbox + folder.split('/').length;
}
