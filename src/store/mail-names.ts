import { pathInMail } from './entry-place.js';
import { messageStem } from './message-file.js';
import type { StoreDirectory, StorePath } from './store-path.js';

/** The names of mailboxes, folders and messages as people read and type them. Pure. */

/** The user's name of public folders. */
export const PUBLIC = '#public';

type Owner = Pick<StoreDirectory, 'domain' | 'user' | 'isPublic'>;

/**
 * The mailbox that a path belongs to: `example.com/alice`, `example.com/#public`, `#public`. Mail in a domain's own
 * directory belongs to `example.com`.
 */
export function mailboxNameOf({ domain, user, isPublic }: Owner): string {
  return joinNames(domain, user ?? (isPublic ? PUBLIC : undefined));
}

/** The folder with its mailbox: `example.com/alice/INBOX/Ärzte`; the mailbox alone where a path lies in none. */
export function folderNameOf(
  path: Owner & Pick<StoreDirectory, 'folder'>,
): string {
  return joinNames(mailboxNameOf(path), path.folder);
}

/**
 * The name that `recover --message` takes: `example.com/alice/INBOX/Ärzte/0000000a`. A message that has no name of the
 * server's, or lies elsewhere, goes by its file's whole name: `example.com/alice/INBOX/Re Hello.eml`.
 */
export function messageNameOf(path: StorePath): string {
  const file = path.file.slice(path.file.lastIndexOf('/') + 1);

  return joinNames(
    folderNameOf(path),
    path.isNumbered ? messageStem(file) : file,
  );
}

/** A message's name as it is compared: letters of another case are others in its folder, and the same in its number. */
export function messageKeyOf(path: StorePath): string {
  const name = messageNameOf(path);

  return path.isNumbered ? lowerLast(name) : name.normalize();
}

function lowerLast(name: string): string {
  const slash = name.lastIndexOf('/') + 1;

  return name.slice(0, slash) + name.slice(slash).toLowerCase();
}

/** Joins what is there of a mailbox, a folder and a file. */
export function joinNames(...names: readonly (string | undefined)[]): string {
  return names.filter((name) => name !== undefined && name !== '').join('/');
}

/** A folder for people; mail that lies in none has no name to show. */
export function folderLabel(folder: string): string {
  return folder === '' ? '(in no folder)' : folder;
}

/**
 * The mailbox by which a summary counts the messages of an entry: `example.com/alice`, `example.com/#public`, `#public/News`;
 * undefined outside of mail. @param entryName a directory's with its final `/`
 */
export function countedMailboxOf(entryName: string): string | undefined {
  const steps = pathInMail(entryName)?.split('/', 3) ?? [];
  const [domain, user] = steps;

  if (steps.length < 2 || domain === '') return undefined;

  return steps.length === 2 || user === '' ? domain : `${domain}/${user}`;
}
