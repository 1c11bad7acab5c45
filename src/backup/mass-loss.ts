import { listArchiveFiles } from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import { mailboxOf } from '../store/mailbox-name.js';
import { openArchive } from '../archive/open-archive.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { countMessages, isMessagePath } from '../store/message-file.js';
import { plural } from '../platform/units.js';
import {
  findLosses,
  type LossLimits,
  type MailboxCounts,
  type MailLoss,
} from './mailboxes.js';

/** What is in the archive of what was listed: found later counts, vanished and unreadable does not. */
export function countStored(
  listed: MailboxCounts,
  found: readonly { prefix: string; names: readonly string[] }[],
  lost: Iterable<string>,
): MailboxCounts {
  const counts = new Map(listed);
  const add = (mailbox: string | undefined, messages: number): void => {
    if (mailbox !== undefined) {
      counts.set(mailbox, Math.max(0, (counts.get(mailbox) ?? 0) + messages));
    }
  };

  for (const { prefix, names } of found) {
    add(mailboxOf(prefix), countMessages(prefix, names));
  }

  for (const name of lost) if (isMessagePath(name)) add(mailboxOf(name), -1);

  return counts;
}

/** Counts the messages of each mailbox in a listing. */
export function countMailboxes(
  directories: readonly { prefix: string; files: readonly string[] }[],
): MailboxCounts {
  const counts = new Map<string, number>();
  for (const { prefix, files } of directories) {
    const mailbox = mailboxOf(prefix);
    if (mailbox === undefined) continue;

    const messages = countMessages(prefix, files);
    if (messages > 0) {
      counts.set(mailbox, (counts.get(mailbox) ?? 0) + messages);
    }
  }

  return counts;
}

/** The mail of the archive before this run, as that archive itself counts it. */
export interface Predecessor {
  readonly stem: string;
  readonly counts: MailboxCounts;
}

/** The newest archive that can tell how much mail it has; undefined where there is none. */
export async function readPredecessor(
  backupDir: string,
): Promise<Predecessor | undefined> {
  for (const { stem, ...files } of listArchiveFiles(backupDir).reverse()) {
    const [state] = await inspectArchives([{ stem, ...files }], backupDir);
    const counts = state && (await countsOf(state));
    if (counts) return { stem, counts };
  }

  return undefined;
}

/** What a run knows of its mail when everything is packed. */
export interface RunMail {
  /** As the store was listed. */
  readonly listed: MailboxCounts;
  /** Of it in the archive, or unchanged in its base. */
  readonly stored: MailboxCounts;
  /** Directories whose mail is unknown. */
  readonly unlisted: readonly string[];
}

/**
 * Mail that is gone against the archive before, and mail of this store that did not get into the archive: what lacks
 * either must not push out an older archive.
 * @returns a warning for each loss, the largest first
 */
export function findMassLoss(
  predecessor: Predecessor | undefined,
  { listed, stored, unlisted }: RunMail,
  limits: LossLimits,
): string[] {
  const unread = sortLosses(findLosses(listed, stored, limits));
  const named = new Set(unread.map(({ mailbox }) => mailbox));
  const gone = predecessor
    ? sortLosses(findLosses(predecessor.counts, stored, limits))
    : [];
  const stem = predecessor?.stem ?? '';

  return [
    ...unread.map(
      ({ mailbox, before, now }) =>
        `far less mail than listed: of ${plural(before, 'message')} of ${nameOf(mailbox)} ${now} could be read`,
    ),
    ...gone
      .filter(({ mailbox }) => !named.has(mailbox))
      .map(
        ({ mailbox, before, now }) =>
          `far less mail than before: ${nameOf(mailbox)} has ${plural(now, 'message')}, ${stem}.zip has ${before}`,
      ),
    ...unlisted.map((name) => `the mail below ${name} could not be listed`),
  ].map((warning) => `${warning}; no archive is removed in this run`);
}

function sortLosses(losses: readonly MailLoss[]): MailLoss[] {
  return [...losses].sort((a, b) => b.before - b.now - (a.before - a.now));
}

const nameOf = (mailbox: string | undefined): string =>
  mailbox ?? 'the whole store';

/** Ours say it in their summary; a full that the server wrote is counted; its differentials cannot tell. */
async function countsOf({
  facts,
}: ArchiveState): Promise<MailboxCounts | undefined> {
  if (facts.summary?.mailboxes) return facts.summary.mailboxes;

  if (
    facts.fault !== undefined ||
    facts.version?.tool !== undefined ||
    facts.files.type === 'differential'
  ) {
    return undefined;
  }

  const counts = new Map<string, number>();
  for (const { table } of (await openArchive(facts.files)).volumes) {
    for (let index = 0; index < table.count; index++) {
      const name = table.name(index);
      const mailbox = isMessagePath(name) ? mailboxOf(name) : undefined;

      if (mailbox !== undefined) {
        counts.set(mailbox, (counts.get(mailbox) ?? 0) + 1);
      }
    }
  }

  return counts;
}
