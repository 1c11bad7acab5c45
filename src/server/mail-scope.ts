import { NotFoundError, UsageError } from '../errors.js';
import { decodeFolderName } from './folder-name.js';
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
  readonly messages: ReadonlySet<string> | undefined;
  readonly withSubfolders: boolean;
}

/** One mailbox, by its folders. */
export interface MailboxIndex {
  readonly domain: string | undefined;
  /** `#public` for public folders. */
  readonly user: string;
  readonly folders: Map<string, { messages: number; sizeBytes: number }>;
}

const PUBLIC = '#public';

/** The mailbox that a path belongs to: `example.com/alice`, `example.com/#public`, `#public`. */
export function mailboxNameOf({ domain, user }: Pick<StorePath, 'domain' | 'user'>): string {
  return domain === undefined ? (user ?? PUBLIC) : `${domain}/${user ?? PUBLIC}`;
}

/** The name that `recover --message` takes: `example.com/alice/INBOX/Ärzte/0000000a`. */
export function messageNameOf(path: StorePath): string {
  return `${mailboxNameOf(path)}/${path.folder}/${path.file.slice(path.file.lastIndexOf('/') + 1).replace(/\.eml$/i, '')}`;
}

/** All mailboxes and folders that hold messages, gathered path by path. */
export class MailIndex {
  readonly mailboxes = new Map<string, MailboxIndex>();

  /** Counts messages that lie beside `path`; other paths are passed over. */
  add(path: StorePath, sizeBytes: number, messages = 1): void {
    if (!path.isMessage) return;
    const name = mailboxNameOf(path);
    let mailbox = this.mailboxes.get(name);
    if (!mailbox) {
      mailbox = { domain: path.domain, user: path.user ?? PUBLIC, folders: new Map() };
      this.mailboxes.set(name, mailbox);
    }
    const folder = mailbox.folders.get(path.folder) ?? { messages: 0, sizeBytes: 0 };
    mailbox.folders.set(path.folder, { messages: folder.messages + messages, sizeBytes: folder.sizeBytes + sizeBytes });
  }

  get domains(): string[] {
    return unique([...this.mailboxes.values()].flatMap(({ domain }) => domain ?? []));
  }

  /** The mailboxes of a domain, or all of them. */
  mailboxesOf(domain: string | undefined): MailboxIndex[] {
    return [...this.mailboxes.values()].filter((mailbox) => domain === undefined || mailbox.domain === domain);
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
  let domain = typedDomain === undefined ? undefined : find('domain', typedDomain, index.domains);
  const users = unique(index.mailboxesOf(domain).map(({ user }) => user));
  const where = domain === undefined ? '' : ` in ${domain}`;
  const user = userPart === undefined ? undefined : find('user', userPart, users, where);
  if (user !== undefined && domain === undefined) domain = onlyDomainOf(index, user);
  const mailboxes = index.mailboxesOf(domain).filter((mailbox) => user === undefined || mailbox.user === user);
  const folder = typed.folder === undefined ? undefined : findFolder(typed.folder, mailboxes, typed.withSubfolders);
  const messages = typed.messages && new Set(typed.messages.map((name) => foldName(withoutSuffix(name))));
  return { domain, user, folder, messages, withSubfolders: typed.withSubfolders };
}

/** Whether a path lies in the scope. */
export function isInScope(scope: MailScope, path: StorePath): boolean {
  if (scope.domain !== undefined && path.domain !== scope.domain) return false;
  if (scope.user !== undefined && (path.user ?? PUBLIC) !== scope.user) return false;
  if (scope.folder !== undefined && path.folder !== scope.folder) {
    if (!scope.withSubfolders || !path.folder.startsWith(`${scope.folder}/`)) return false;
  }
  return !scope.messages || (path.isMessage && scope.messages.has(foldName(messageNameOf(path))));
}

function find(kind: string, typed: string, known: readonly string[], where = ''): string {
  const found = known.find((name) => name === typed) ?? known.find((name) => foldName(name) === foldName(typed));
  if (found !== undefined) return found;
  throw notFound(kind, typed, known, where);
}

/** A folder that only holds folders counts too, when these are wanted with it. */
function findFolder(typed: string, mailboxes: readonly MailboxIndex[], withSubfolders: boolean): string {
  const trimmed = typed.replace(/^\/+|\/+$/g, '');
  const decoded = trimmed.split('/').map(decodeFolderName).join('/');
  const folders = new Set(mailboxes.flatMap((mailbox) => [...mailbox.folders.keys()]));
  const known = withSubfolders ? unique([...folders].flatMap(ancestorsOf)) : [...folders];
  return find('folder', decoded, known, mailboxes.length === 1 ? ` of ${mailboxes[0]?.user ?? ''}` : '');
}

function ancestorsOf(folder: string): string[] {
  const levels = folder.split('/');
  return levels.map((_, count) => levels.slice(0, count + 1).join('/'));
}

function onlyDomainOf(index: MailIndex, user: string): string | undefined {
  // Public folders without a domain are those of every domain and of the server.
  if (user === PUBLIC) return undefined;
  const domains = index.mailboxesOf(undefined).filter((mailbox) => mailbox.user === user);
  if (domains.length < 2) return domains[0]?.domain;
  throw new UsageError(`${user} is in several domains: ${domains.map(({ domain }) => domain ?? '').join(', ')}`, {
    hints: ['Say which with --domain.'],
  });
}

function notFound(kind: string, typed: string, known: readonly string[], where: string): NotFoundError {
  const near = nearestNames(typed, known);
  const some = known.slice(0, 8).join(', ') + (known.length > 8 ? ', …' : '');
  const hint =
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `There is ${known.length === 0 ? 'none' : some}.`;
  return new NotFoundError(`the backup holds no ${kind} ${typed}${where}`, { hints: [hint] });
}

function splitAddress(typed: string | undefined): [string | undefined, string | undefined] {
  const at = typed?.lastIndexOf('@') ?? -1;
  return typed === undefined || at < 1 ? [typed, undefined] : [typed.slice(0, at), typed.slice(at + 1)];
}

function withoutSuffix(name: string): string {
  return name
    .replace(/^\/+/, '')
    .replace(/\.eml$/i, '')
    .split('/')
    .map(decodeFolderName)
    .join('/');
}

/** How names are compared that people type: case and composition do not count. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
