import { UsageError } from '../errors.js';
import { findName, isToTheLetter, lookUpName, notFound } from './find-name.js';
import { joinNames, messageKeyOf, PUBLIC } from './mail-names.js';
import { type MailboxIndex, type MailIndex, unique } from './mailboxes.js';
import { numberOfMessage, withMessageExtension } from './message-file.js';
import type { StoreDirectory, StorePath } from './store-path.js';

/** A part of the mail, as people type it and by the names that it really has. Pure. */

/** A part of the mail as people name it: flags of a command. */
export interface TypedScope {
  readonly domain?: string | undefined;
  /** `alice`, or `alice@example.com`. */
  readonly user?: string | undefined;
  /** `Gesendete Objekte/Ärzte`, or as it is on the disk. */
  readonly folder?: string | undefined;
  /** Messages by their names: `example.com/alice/INBOX/0000000a`. */
  readonly messages?: readonly string[] | undefined;
  /** A folder includes its subfolders. */
  readonly withSubfolders: boolean;
}

/** A part of the mail by the names that it really has; undefined is all. */
export interface MailScope {
  readonly domain: string | undefined;
  readonly user: string | undefined;
  readonly folder: string | undefined;
  /** By `messageKeyOf`. */
  readonly messages: ReadonlySet<string> | undefined;
  readonly withSubfolders: boolean;
}

/**
 * Finds the part of the mail that a person means: domain, user and folder in any case, folders decoded or as on the disk. A
 * name that is there as it was typed goes before one that differs in case.
 * @throws {NotFoundError} naming the nearest names, when something is not there · {UsageError} when a user is in several domains
 */
export function resolveScope(index: MailIndex, typed: TypedScope): MailScope {
  const { withSubfolders } = typed;
  const { domain, user } = resolveOwner(index, typed);
  const mailboxes = index
    .mailboxesOf(domain)
    .filter((mailbox) => user === undefined || mailbox.user === user);

  const folder =
    typed.folder === undefined
      ? undefined
      : findFolder(typed.folder, mailboxes, withSubfolders);

  const messages = typed.messages?.map((name) => findMessage(name, index));

  return {
    domain,
    user,
    folder,
    messages: messages && new Set(messages),
    withSubfolders,
  };
}

/** Says whether all mail is meant, whatever there is. */
export function isUnlimited({
  domain,
  user,
  folder,
  messages,
}: TypedScope): boolean {
  return [domain, user, folder, messages].every((part) => part === undefined);
}

/** The domain and the user that are meant; a user's address names both. */
function resolveOwner(
  index: MailIndex,
  typed: TypedScope,
): Pick<MailScope, 'domain' | 'user'> {
  const address = splitAddress(typed.user);
  const typedDomain = typed.domain ?? address.domain;
  const domain =
    typedDomain === undefined
      ? undefined
      : findName('domain', typedDomain, index.domains);

  if (address.user === undefined) return { domain, user: undefined };

  const users = index
    .mailboxesOf(domain)
    .map(({ user }) => user)
    .filter((user) => user !== '');
  const where = domain === undefined ? '' : ` in ${domain}`;
  const user = findName('user', address.user, unique(users), where);

  return { domain: domain ?? onlyDomainOf(index, user), user };
}

/** Says whether the owner of a scope has the names that were typed, to the letter. */
export function isOwnerToTheLetter(
  scope: MailScope,
  typed: Pick<TypedScope, 'domain' | 'user'>,
): boolean {
  const { domain, user } = splitAddress(typed.user);
  const typedDomain = typed.domain ?? domain ?? scope.domain ?? '';

  return (
    isToTheLetter(typedDomain, scope.domain ?? '') &&
    isToTheLetter(user ?? scope.user ?? '', scope.user ?? '')
  );
}

/** Says whether a path lies in the scope. */
export function isInScope(scope: MailScope, path: StorePath): boolean {
  if (!isDirectoryInScope(scope, path)) return false;

  return (
    !scope.messages ||
    (path.isMessage && scope.messages.has(messageKeyOf(path)))
  );
}

/** Says whether a directory lies in the scope, with all or some of its messages. */
export function isDirectoryInScope(
  scope: MailScope,
  path: StoreDirectory,
): boolean {
  if (scope.domain !== undefined && path.domain !== scope.domain) return false;

  // The domain's own directory belongs to no mailbox, and not to the public folders.
  const user = path.isPublic ? PUBLIC : path.user;
  if (scope.user !== undefined && user !== scope.user) return false;

  return isFolderInScope(scope, path.folder);
}

/** Says whether the scope holds the folder, in any mailbox. */
export function isFolderInScope(scope: MailScope, folder: string): boolean {
  return (
    scope.folder === undefined ||
    scope.folder === folder ||
    (scope.withSubfolders && folder.startsWith(`${scope.folder}/`))
  );
}

/** A folder that only holds folders counts too, when these are wanted with it. */
function findFolder(
  typed: string,
  mailboxes: readonly MailboxIndex[],
  withSubfolders: boolean,
): string {
  const trimmed = typed.replace(/^\/+|\/+$/g, '');
  const folders = new Set(
    mailboxes.flatMap((mailbox) => [...mailbox.folders.keys()]),
  );

  if (trimmed !== '') folders.delete('');

  const names = withSubfolders
    ? unique([...folders].flatMap(ancestorsOf))
    : [...folders];
  const [first] = mailboxes;
  const where = first && mailboxes.length === 1 ? ` of ${first.user}` : '';

  return findName('folder', trimmed, names, where);
}

/** The folder and those above it: `A/B` gives `A` and `A/B`. */
function ancestorsOf(folder: string): string[] {
  const levels = folder.split('/');

  return levels.map((_, count) => levels.slice(0, count + 1).join('/'));
}

/** The key of a message by its typed name. Its folder is looked up; the entries tell later whether the message is in it. */
function findMessage(
  typed: string,
  { mailboxes, misplaced }: MailIndex,
): string {
  const name = typed.replace(/^\/+/, '');
  const slash = name.lastIndexOf('/');
  const folders = [...mailboxes].flatMap(([mailbox, { folders: names }]) =>
    [...names.keys()].map((folder) => joinNames(mailbox, folder)),
  );
  const folder = lookUpName(name.slice(0, Math.max(0, slash)), folders);
  if (folder === undefined) throw notFound('message', typed, folders);

  const file = name.slice(slash + 1);
  const whole = joinNames(folder, file).normalize();
  if (misplaced.has(whole)) return whole;

  const number = numberOfMessage(file);

  return number === undefined
    ? withMessageExtension(whole)
    : joinNames(folder, number);
}

function onlyDomainOf(index: MailIndex, user: string): string | undefined {
  // Public folders without a domain are those of every domain and of the server.
  if (user === PUBLIC) return undefined;

  const domains = index
    .mailboxesOf(undefined)
    .filter((mailbox) => mailbox.user === user)
    .map(({ domain }) => domain);
  if (domains.length < 2) return domains[0];

  throw new UsageError(
    `${user} is in several domains: ${domains.map((name) => name ?? '').join(', ')}`,
    { hints: ['Say which with --domain.'] },
  );
}

/** `alice@example.com` names a domain too. */
function splitAddress(
  typed: string | undefined,
): Pick<TypedScope, 'domain' | 'user'> {
  const at = typed?.lastIndexOf('@') ?? -1;

  return typed === undefined || at < 1
    ? { user: typed }
    : { user: typed.slice(0, at), domain: typed.slice(at + 1) };
}
