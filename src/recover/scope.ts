import { wholeName } from '../archive/entry-names.js';
import { type DirectoryRun, directoryRuns } from '../archive/directory-runs.js';
import type { EntryTable } from '../archive/entry-table.js';
import { placeOf } from '../archive/layout.js';
import { foldName, isInScope, MailIndex, type MailScope, messageNameOf } from '../server/mail-scope.js';
import { parseStorePath, type StorePath } from '../server/store-path.js';
import type { EntryFilter, OpenChain } from './entries.js';

/** Choosing a part of the mail of a chain: a domain, a user, a folder, messages. */

/** What the entry names of all mail have in common. */
const MAIL = 'store/mail/';

/** The part of the store that an entry name stands for; undefined outside of mail. */
function storePathOf(entryName: string): StorePath | undefined {
  const path = placeOf(entryName)?.path;
  return path === undefined ? undefined : parseStorePath(path);
}

/** All mailboxes and folders of a chain's point that hold messages, with their sizes. */
export function indexMail(chain: OpenChain): MailIndex {
  const index = new MailIndex();
  if (chain.parts?.has('mail') === false) return index;
  const last = chain.archives.at(-1);
  for (const checked of chain.archives) {
    const hidden = checked === last ? undefined : chain.hidden;
    for (const { table } of checked.archive.volumes) {
      for (const run of directoryRuns(table)) indexRun(index, table, run, hidden?.get(run.prefix));
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
  const place = prefix.endsWith('/#msgs/') ? storePathOf(`${prefix}0.eml`) : undefined;
  if (!place) return;
  let [messages, sizeBytes] = [0, 0];
  for (let at = start; at < end; at++) {
    const part = table.part(at);
    if (part && part.index > 0) continue;
    if (hiddenNames?.has(part ? wholeName(table.name(at)) : table.name(at)) === true) continue;
    messages++;
    sizeBytes += part?.totalBytes ?? table.size(at);
  }
  if (messages > 0) index.add(place, sizeBytes, messages);
}

/** Wants what lies in the scope, with the files that belong to its folders. */
export function scopeFilter(scope: MailScope): EntryFilter {
  const isWanted = (name: string): boolean => {
    const place = storePathOf(name);
    return place !== undefined && isInScope(scope, place);
  };
  if (scope.messages) {
    const folders = new Set([...scope.messages].map((name) => name.slice(0, name.lastIndexOf('/'))));
    return (prefix) => {
      const place = prefix.endsWith('/#msgs/') ? storePathOf(`${prefix}0.eml`) : undefined;
      return place && folders.has(foldName(folderNameOf(place))) ? isWanted : false;
    };
  }
  const isElsewhere = elsewhereOf(scope);
  return (prefix) => {
    const place = isElsewhere(prefix) ? undefined : storePathOf(`${prefix}x`);
    if (!place) return false;
    // Outside of the scope its parent may still hold the entry of its directory, with its time and mode.
    return isInScope(scope, place) ? true : { directories: isWanted };
  };
}

/** Tells the directories of other domains and users by their first letters: they are most of an archive. */
function elsewhereOf({ domain, user }: MailScope): (prefix: string) => boolean {
  if (domain === undefined) return () => false;
  const mailbox = user === undefined ? `${domain}/` : `${domain}/${user}/`;
  return (prefix) => {
    const at = prefix.indexOf(MAIL);
    const below = prefix.slice(at + MAIL.length);
    return at === -1 || !(below.startsWith(mailbox) || mailbox.startsWith(below));
  };
}

function folderNameOf(place: StorePath): string {
  const name = messageNameOf(place);
  return name.slice(0, name.lastIndexOf('/'));
}

/**
 * The path below the store that is replaced for an entry in the scope: the folder's directory for a folder with its
 * subfolders, a file or `#msgs` of it without them, the file for a message.
 * Example: for folder `INBOX/Ärzte` of alice, `mail/example.com/alice/INBOX/&AMQ-rzte`.
 */
export function rootOf(scope: MailScope, entryName: string): string | undefined {
  const path = placeOf(entryName)?.path.replace(/\/+$/, '');
  if (path === undefined) return undefined;
  if (scope.messages) return path;
  const steps = path.split('/');
  const isServerPublic = steps[1] === '#public';
  if (scope.user === undefined) return steps.slice(0, 2).join('/');
  const mailbox = isServerPublic ? 2 : 3;
  if (scope.folder === undefined) return steps.slice(0, mailbox).join('/');
  const depth = mailbox + scope.folder.split('/').length;
  if (scope.withSubfolders) return steps.slice(0, depth).join('/');
  // Not the folder's own directory: its subfolders lie in it, and stay.
  return steps.length > depth ? steps.slice(0, depth + 1).join('/') : undefined;
}
