/** What a backup leaves out on purpose: the folders and users of `[backup] exclude`, found while the store is listed. */
import { ConfigurationError } from '../errors.js';
import type { DirectoryIdentity } from '../platform/look-again.js';
import { Turns } from '../platform/turns.js';
import { plural } from '../platform/units.js';
import { LeftOutPaths } from '../store/left-out-paths.js';
import {
  listDirectory,
  type WalkedDirectory,
} from '../store/list-directory.js';
import type { LeftOutCounts } from '../store/left-out-words.js';
import { countedMailboxOf } from '../store/mail-names.js';
import { countMessages } from '../store/message-file.js';
import { unpackNames } from '../store/name-list.js';
import { parseEntryDirectory } from '../store/store-path.js';
import { type MailboxCounts, sumMail } from './count-mail.js';

/** A directory that is left out with all below it. */
interface LeftOutFolder {
  /** Its entry name, with its final `/`. */
  readonly name: string;
  readonly kind: 'domain' | 'user' | 'folder';
  /** The messages in it, by mailbox. */
  readonly mailboxes: MailboxCounts;
}

export interface LeftOut {
  readonly patterns: readonly string[];
  /** Patterns that name nothing of this store. */
  readonly unused: readonly string[];
  readonly folders: readonly LeftOutFolder[];
}

/** Finds them as the listing comes by. */
export class LeftOutFinder {
  readonly #paths: LeftOutPaths;
  readonly #found = new Map<string, string>();
  readonly #used = new Set<string>();

  constructor(patterns: readonly string[]) {
    this.#paths = new LeftOutPaths(patterns);
  }

  /** Says whether a directory is left out, and notes it. @param prefix its entry name, with its final `/` */
  readonly takes = (prefix: string, path: string): boolean => {
    if (this.#paths.isEmpty) return false;

    const patterns = this.#paths.patternsOf(prefix);
    if (patterns.length === 0) return false;

    this.#found.set(prefix, path);
    for (const pattern of patterns) this.#used.add(pattern);

    return true;
  };

  /** Counts the mail that is left out: its names are listed, and nothing of it is read. */
  async count(exclude: readonly DirectoryIdentity[]): Promise<LeftOut> {
    const { patterns } = this.#paths;
    const folders: LeftOutFolder[] = [];

    for (const [name, path] of this.#found) {
      const mailboxes = await countBelow(path, name, exclude);
      folders.push({
        name,
        kind: kindOf(name),
        mailboxes,
      });
    }

    const unused = patterns.filter((pattern) => !this.#used.has(pattern));

    return {
      patterns,
      unused,
      folders,
    };
  }
}

/** What cannot be listed has no mail that anybody could count. */
async function countBelow(
  path: string,
  prefix: string,
  exclude: readonly DirectoryIdentity[],
): Promise<MailboxCounts> {
  const counts = new Map<string, number>();
  const turns = new Turns();
  const open = [{ path, prefix }];

  for (let next = open.pop(); next; next = open.pop()) {
    await turns.pass();

    const { path: own, prefix: name } = next;
    const { directory, children } = listDirectory(own, name, { exclude });
    const messages = countMessages(name, directory?.files ?? []);
    const mailbox = countedMailboxOf(name);

    if (mailbox !== undefined && messages > 0) {
      counts.set(mailbox, (counts.get(mailbox) ?? 0) + messages);
    }

    for (const child of children) {
      open.push({
        path: `${own}/${child}`,
        prefix: `${name}${child}/`,
      });
    }
  }

  return counts;
}

function kindOf(name: string): LeftOutFolder['kind'] {
  const place = parseEntryDirectory(name);
  if (!place || place.folder !== '' || place.holder !== '') return 'folder';
  if (place.user !== undefined) return 'user';

  return place.isPublic ? 'folder' : 'domain';
}

/**
 * A backup of a store with mail that takes none of it is a mistake in the settings.
 * @throws {ConfigurationError}
 */
export function refuseWithoutMail(
  { folders }: LeftOut,
  directories: readonly WalkedDirectory[],
): void {
  const messages = messagesIn(folders);
  if (messages === 0) return;

  const holdsMail = ({ prefix, files }: WalkedDirectory): boolean =>
    countMessages(prefix, unpackNames(files)) > 0;
  if (directories.some(holdsMail)) return;

  throw new ConfigurationError(
    `[backup] exclude of kms-backup.ini leaves out all mail of this store: ${plural(messages, 'message')}`,
    {
      hints: [
        'Leave out single folders or users, such as mail/example.com/alice; docs/configuration.md shows the patterns.',
        'A backup without mail is --mask, with the parts that it is to hold.',
      ],
    },
  );
}

/** What was left out on purpose. */
export interface ExcludedReport extends LeftOutCounts {
  readonly patterns: readonly string[];
  /** Each with all below it. */
  readonly paths: readonly {
    /** An entry name. */
    readonly name: string;
    readonly kind: 'domain' | 'user' | 'folder';
    readonly messages: number;
  }[];
}

/** As the report shows it. */
export function reportLeftOut({ patterns, folders }: LeftOut): ExcludedReport {
  const count = (kind: LeftOutFolder['kind']): number =>
    folders.filter((folder) => folder.kind === kind).length;

  return {
    patterns,
    domains: count('domain'),
    users: count('user'),
    folders: count('folder'),
    messages: messagesIn(folders),
    paths: folders.map(({ name, kind, mailboxes }) => ({
      name,
      kind,
      messages: sumMail(mailboxes),
    })),
  };
}

function messagesIn(folders: readonly LeftOutFolder[]): number {
  return folders.reduce((sum, { mailboxes }) => sum + sumMail(mailboxes), 0);
}

/**
 * The mail of an archive as far as this run looks at it: what is left out since then is no loss.
 * @param before the patterns of that archive
 */
export function withoutLeftOut(
  counts: MailboxCounts,
  before: readonly string[],
  { folders }: LeftOut,
): MailboxCounts {
  const known = new LeftOutPaths(before);
  const rest = new Map(counts);

  for (const { name, mailboxes } of folders) {
    if (known.covers(name)) continue;

    for (const [mailbox, messages] of mailboxes) {
      rest.set(mailbox, Math.max(0, (rest.get(mailbox) ?? 0) - messages));
    }
  }

  return rest;
}
