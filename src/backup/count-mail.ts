import { countedMailboxOf } from '../store/mail-names.js';
import { countMessages, isMessagePath } from '../store/message-file.js';
import { type NameList, unpackNames } from '../store/name-list.js';

/** The number of messages of each mailbox: `example.com/alice` → 1204. Pure. */
export type MailboxCounts = ReadonlyMap<string, number>;

/** The messages of each mailbox in a listing. */
export function countListed(
  directories: readonly {
    readonly prefix: string;
    readonly files: NameList;
  }[],
): MailboxCounts {
  const counts = new Map<string, number>();

  for (const { prefix, files } of directories) {
    const mailbox = countedMailboxOf(prefix);
    if (mailbox === undefined) continue;

    const messages = countMessages(prefix, unpackNames(files));
    if (messages > 0) {
      counts.set(mailbox, (counts.get(mailbox) ?? 0) + messages);
    }
  }

  return counts;
}

/**
 * The listed messages that are in the archive.
 * @param added files that were found later and are packed
 * @param lost entry names of files that are not packed although they were listed
 */
export function countStored(
  listed: MailboxCounts,
  added: readonly {
    readonly prefix: string;
    readonly names: readonly string[];
  }[],
  lost: Iterable<string>,
): MailboxCounts {
  const counts = new Map(listed);
  const add = (mailbox: string | undefined, messages: number): void => {
    if (mailbox !== undefined) {
      counts.set(mailbox, Math.max(0, (counts.get(mailbox) ?? 0) + messages));
    }
  };

  for (const { prefix, names } of added) {
    add(countedMailboxOf(prefix), countMessages(prefix, names));
  }

  for (const name of lost) {
    if (isMessagePath(name)) add(countedMailboxOf(name), -1);
  }

  return counts;
}

/** The messages of an archive by mailbox, from the names of its entries. */
export function countEntries(entryNames: Iterable<string>): MailboxCounts {
  const counts = new Map<string, number>();

  for (const name of entryNames) {
    const mailbox = isMessagePath(name) ? countedMailboxOf(name) : undefined;

    if (mailbox !== undefined) {
      counts.set(mailbox, (counts.get(mailbox) ?? 0) + 1);
    }
  }

  return counts;
}

export function sumMail(counts: MailboxCounts): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
