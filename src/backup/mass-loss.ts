import { listArchiveFiles } from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import { openArchive } from '../archive/open-archive.js';
import { isMessageName } from '../archive/pack-tasks.js';
import type { ArchiveState } from '../archive/sets.js';
import { plural } from '../platform/units.js';
import { findLosses, type LossLimits, type MailboxCounts, mailboxOf, type MailLoss } from './mailboxes.js';

/** Counts the messages of each mailbox in a listing. */
export function countMailboxes(directories: readonly { prefix: string; files: readonly string[] }[]): MailboxCounts {
  const counts = new Map<string, number>();
  for (const { prefix, files } of directories) {
    const mailbox = mailboxOf(prefix);
    if (mailbox === undefined) continue;
    const messages = files.filter(isMessageName).length;
    if (messages > 0) counts.set(mailbox, (counts.get(mailbox) ?? 0) + messages);
  }
  return counts;
}

/**
 * Compares the store with the newest recoverable archive before this run, as that archive itself counts its mail.
 * @returns a warning for each loss, the largest first
 */
export async function findMassLoss(backupDir: string, now: MailboxCounts, limits: LossLimits): Promise<string[]> {
  const files = listArchiveFiles(backupDir);
  for (const own of files.reverse()) {
    const [state] = await inspectArchives([own], backupDir);
    const before = state && (await countsOf(state));
    if (!before) continue;
    const losses = findLosses(before, now, limits);
    return losses.sort((a, b) => b.before - b.now - (a.before - a.now)).map((loss) => describe(loss, own.stem));
  }
  return [];
}

function describe({ mailbox, before, now }: MailLoss, stem: string): string {
  const who = mailbox ?? 'the whole store';
  return `far less mail than before: ${who} has ${plural(now, 'message')}, ${stem}.zip has ${before}; no archive is removed in this run`;
}

/** Ours say it in their summary; a full that the server wrote is counted; its differentials cannot tell. */
async function countsOf({ facts }: ArchiveState): Promise<MailboxCounts | undefined> {
  if (facts.summary?.mailboxes) return facts.summary.mailboxes;
  if (facts.fault !== undefined || facts.version?.tool !== undefined || facts.files.type === 'differential')
    return undefined;
  const counts = new Map<string, number>();
  for (const { table } of (await openArchive(facts.files)).volumes) {
    for (let index = 0; index < table.count; index++) {
      const name = table.name(index);
      const mailbox = isMessageName(name) ? mailboxOf(name) : undefined;
      if (mailbox !== undefined) counts.set(mailbox, (counts.get(mailbox) ?? 0) + 1);
    }
  }
  return counts;
}
