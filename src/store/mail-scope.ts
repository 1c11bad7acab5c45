import { NotFoundError, UsageError } from '../errors.js';
import { decodeFolderName } from './folder-name.js';
import { hasMessageName } from './message-file.js';
import { nearestNames } from '../platform/nearest.js';
import type { StorePath } from './store-path.js';

/** A part of the mail as people name it: flags of a command. */
export interface TypedScope {
  readonly domain?: string | undefined;
  /** `alice`, or `alice@example.com`. */
  readonly user?: string | undefined;
  /** `Gesendete Objekte/Ärzte`, or as it is on the disk. */
  readonly folder?: string | undefined;
  /** Messages by their names: `example.com/alice/INBOX/0000000a`. */
  readonly messages?: readonly string[] | undefined;
  /** Whether a folder stands for its subfolders too. */
  readonly withSubfolders: boolean;
}

/** A part of the mail by the names it really has; undefined is all. */
export interface MailScope {
  readonly domain: string | undefined;
  readonly user: string | undefined;
  readonly folder: string | undefined;
  /** By `messageKeyOf`. */
  readonly messages: ReadonlySet<string> | undefined;
  readonly withSubfolders: boolean;
}

/** One mailbox, by its folders. */
export interface MailboxIndex {
  readonly domain: string | undefined;
  /** `#public` for public folders, empty for mail in the domain's own directory. */
  readonly user: string;
  /** By decoded name; mail that lies in no folder is that of the empty name. */
  readonly folders: Map<string, { messages: number; sizeBytes: number }>;
}

const PUBLIC = '#public';
const EXTENSION = '.eml';
/** The server's name of a message, with or without its extension. */
const NUMBER = /^([0-9a-f]+)(?:\.eml)?$/i;

type Owner = Pick<StorePath, 'domain' | 'user' | 'isPublic'>;

/**
 * The mailbox that a path belongs to: `example.com/alice`, `example.com/#public`, `#public`. What lies in a domain's own
 * directory is of `example.com`.
 */
export function mailboxNameOf({ domain, user, isPublic }: Owner): string {
  return joinNames(domain, user ?? (isPublic ? PUBLIC : undefined));
}

/** The folder with its mailbox: `example.com/alice/INBOX/Ärzte`; the mailbox alone where a path lies in none. */
export function folderNameOf(path: Owner & Pick<StorePath, 'folder'>): string {
  return joinNames(mailboxNameOf(path), path.folder);
}

/**
 * The name that `recover --message` takes: `example.com/alice/INBOX/Ärzte/0000000a`. A message that is not called as the
 * server calls them, or lies elsewhere, goes by its file's whole name: `example.com/alice/INBOX/Re Hello.eml`.
 */
export function messageNameOf(path: StorePath): string {
  const file = path.file.slice(path.file.lastIndexOf('/') + 1);
  return joinNames(
    folderNameOf(path),
    path.isNumbered ? file.slice(0, -EXTENSION.length) : file,
  );
}

/** A message's name as it is compared: its folder is told from one of another case, its number is not. */
export function messageKeyOf(path: StorePath): string {
  const name = messageNameOf(path);
  return path.isNumbered ? lowerLast(name) : name.normalize();
}

function lowerLast(name: string): string {
  const slash = name.lastIndexOf('/') + 1;
  return name.slice(0, slash) + name.slice(slash).toLowerCase();
}

function joinNames(...names: readonly (string | undefined)[]): string {
  return names.filter((name) => name !== undefined && name !== '').join('/');
}

/** All mailboxes and folders, gathered path by path. */
export class MailIndex {
  readonly mailboxes = new Map<string, MailboxIndex>();
  /** The keys of messages that go by their files' whole names although these look like the server's. */
  readonly misplaced = new Set<string>();

  /** Notes the mailbox and the folder that `path` lies in, and how many messages lie beside it. */
  add(path: StorePath, sizeBytes: number, messages: number): void {
    if (path.user === undefined && !path.isPublic && messages === 0) return;

    const name = mailboxNameOf(path);
    let mailbox = this.mailboxes.get(name);

    if (!mailbox) {
      mailbox = {
        domain: path.domain,
        user: path.user ?? (path.isPublic ? PUBLIC : ''),
        folders: new Map(),
      };
      this.mailboxes.set(name, mailbox);
    }

    if (path.folder === '' && messages === 0) return;

    const folder = mailbox.folders.get(path.folder) ?? {
      messages: 0,
      sizeBytes: 0,
    };

    mailbox.folders.set(path.folder, {
      messages: folder.messages + messages,
      sizeBytes: folder.sizeBytes + sizeBytes,
    });
  }

  /** Notes a message that lies where the server keeps none, if its name alone does not tell it from the server's. */
  addMisplaced(path: StorePath): void {
    if (NUMBER.test(path.file)) this.misplaced.add(messageKeyOf(path));
  }

  get domains(): string[] {
    return unique(
      [...this.mailboxes.values()].flatMap(({ domain }) => domain ?? []),
    );
  }

  /** The mailboxes of a domain, or all of them. */
  mailboxesOf(domain: string | undefined): MailboxIndex[] {
    return [...this.mailboxes.values()].filter(
      (mailbox) => domain === undefined || mailbox.domain === domain,
    );
  }
}

/**
 * Finds what a person means: domain, user and folder in any case, folders decoded or as on the disk. A name that is
 * there as it was typed goes before one that differs in case.
 * @throws {NotFoundError} naming the nearest names, when something is not there · {UsageError} when a user is in several domains
 */
export function resolveScope(index: MailIndex, typed: TypedScope): MailScope {
  const [userPart, domainPart] = splitAddress(typed.user);
  const typedDomain = typed.domain ?? domainPart;

  let domain =
    typedDomain === undefined
      ? undefined
      : find('domain', typedDomain, index.domains);

  const users = unique(
    index.mailboxesOf(domain).map(({ user }) => user),
  ).filter((user) => user !== '');
  const where = domain === undefined ? '' : ` in ${domain}`;
  const user =
    userPart === undefined ? undefined : find('user', userPart, users, where);

  if (user !== undefined && domain === undefined) {
    domain = onlyDomainOf(index, user);
  }

  const mailboxes = index
    .mailboxesOf(domain)
    .filter((mailbox) => user === undefined || mailbox.user === user);

  const folder =
    typed.folder === undefined
      ? undefined
      : findFolder(typed.folder, mailboxes, typed.withSubfolders);

  const messages =
    typed.messages &&
    new Set(typed.messages.map((name) => findMessage(name, index)));

  return {
    domain,
    user,
    folder,
    messages,
    withSubfolders: typed.withSubfolders,
  };
}

/** Whether a path lies in the scope. */
export function isInScope(scope: MailScope, path: StorePath): boolean {
  if (scope.domain !== undefined && path.domain !== scope.domain) return false;

  // What belongs to no mailbox, such as the domain's own directory, is not the public folders'.
  if (
    scope.user !== undefined &&
    (path.isPublic ? PUBLIC : path.user) !== scope.user
  ) {
    return false;
  }

  if (scope.folder !== undefined && path.folder !== scope.folder) {
    if (!scope.withSubfolders || !path.folder.startsWith(`${scope.folder}/`)) {
      return false;
    }
  }

  return (
    !scope.messages ||
    (path.isMessage && scope.messages.has(messageKeyOf(path)))
  );
}

function find(
  kind: string,
  typed: string,
  known: readonly string[],
  where = '',
): string {
  const found = lookUp(typed, known);
  if (found !== undefined) return found;

  throw notFound(kind, typed, known, where);
}

/** As typed, decoded, in another case: what is nearest to the letters that were typed goes first. */
function lookUp(typed: string, known: readonly string[]): string | undefined {
  const decoded = typed.split('/').map(decodeFolderName).join('/');
  const isNear = (name: string): boolean =>
    foldName(name) === foldName(typed) || foldName(name) === foldName(decoded);
  return (
    [typed, decoded].find((name) => known.includes(name)) ?? known.find(isNear)
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

  const known = withSubfolders
    ? unique([...folders].flatMap(ancestorsOf))
    : [...folders];

  return find(
    'folder',
    trimmed,
    known,
    mailboxes.length === 1 ? ` of ${mailboxes[0]?.user ?? ''}` : '',
  );
}

/** The key of a message by its typed name. Its folder is looked up; whether the message is in it, the entries say. */
function findMessage(
  typed: string,
  { mailboxes, misplaced }: MailIndex,
): string {
  const name = typed.replace(/^\/+/, '');
  const slash = name.lastIndexOf('/');
  const known = [...mailboxes].flatMap(([mailbox, { folders }]) =>
    [...folders.keys()].map((it) => joinNames(mailbox, it)),
  );
  const folder = lookUp(name.slice(0, Math.max(0, slash)), known);
  if (folder === undefined) throw notFound('message', typed, known);

  const file = name.slice(slash + 1);
  const whole = joinNames(folder, file).normalize();
  if (misplaced.has(whole)) return whole;

  const number = NUMBER.exec(file)?.[1];
  if (number !== undefined) return joinNames(folder, number.toLowerCase());

  return hasMessageName(file) ? whole : whole + EXTENSION;
}

function ancestorsOf(folder: string): string[] {
  const levels = folder.split('/');
  return levels.map((_, count) => levels.slice(0, count + 1).join('/'));
}

function onlyDomainOf(index: MailIndex, user: string): string | undefined {
  // Public folders without a domain are those of every domain and of the server.
  if (user === PUBLIC) return undefined;

  const domains = index
    .mailboxesOf(undefined)
    .filter((mailbox) => mailbox.user === user);
  if (domains.length < 2) return domains[0]?.domain;

  throw new UsageError(
    `${user} is in several domains: ${domains.map(({ domain }) => domain ?? '').join(', ')}`,
    {
      hints: ['Say which with --domain.'],
    },
  );
}

/** The error for a name that is not there, with those that were probably meant. */
export function notFound(
  kind: string,
  typed: string,
  known: readonly string[],
  where = '',
): NotFoundError {
  const near = nearestNames(typed, known);
  const some = known.slice(0, 8).join(', ') + (known.length > 8 ? ', …' : '');

  const hint =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : `There is ${known.length === 0 ? 'none' : some}.`;

  return new NotFoundError(`the backup holds no ${kind} ${typed}${where}`, {
    hints: [hint],
  });
}

function splitAddress(
  typed: string | undefined,
): [string | undefined, string | undefined] {
  const at = typed?.lastIndexOf('@') ?? -1;
  return typed === undefined || at < 1
    ? [typed, undefined]
    : [typed.slice(0, at), typed.slice(at + 1)];
}

/** A folder for people; mail that lies in none has no name to show. */
export function folderLabel(folder: string): string {
  return folder === '' ? '(in no folder)' : folder;
}

/** How names are compared that people type: case and composition do not count. */
function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
