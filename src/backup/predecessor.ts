import type { ArchiveState } from '../archive/archive-state.js';
import type { Catalogue } from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { openVolume } from '../archive/open-archive.js';
import { countEntries, type MailboxCounts } from './count-mail.js';
import { type LeftOut, withoutLeftOut } from './left-out.js';
import type { ArchiveFiles } from '../archive/backup-directory.js';

/** The mail of the archive before this run, as that archive itself counts it. */
export interface Predecessor {
  readonly stem: string;
  readonly counts: MailboxCounts;
  /** The patterns of what it leaves out on purpose. */
  readonly leavesOut: readonly string[];
}

/** The archive before this one, without the mail that is left out since then. */
export async function readComparable(
  catalogue: Catalogue,
  leftOut: LeftOut,
): Promise<Predecessor | undefined> {
  const before = await readPredecessor(catalogue);
  if (!before) return undefined;

  const counts = withoutLeftOut(before.counts, before.leavesOut, leftOut);

  return {
    ...before,
    counts,
  };
}

/** The newest archive that can tell how much mail it has; undefined where there is none. */
async function readPredecessor({
  storage,
  archives,
}: Catalogue): Promise<Predecessor | undefined> {
  for (const files of [...archives].reverse()) {
    const [state] = await inspectArchives(storage, [files]);
    const counts = state && (await countsOf(state));
    if (counts) {
      return {
        stem: files.stem,
        counts,
        leavesOut: state.facts.version?.leavesOut ?? [],
      };
    }
  }

  return undefined;
}

/** Our archives say it in their summary; a full that the server wrote is counted; its differentials cannot tell. */
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

  return countArchive(facts.files);
}

/** One volume after the other: an archive's names are many. */
async function countArchive({ volumes }: ArchiveFiles): Promise<MailboxCounts> {
  const counts = new Map<string, number>();

  for (const file of volumes) {
    const { table } = await openVolume(file);
    for (const [mailbox, count] of countEntries(entryNames(table))) {
      counts.set(mailbox, (counts.get(mailbox) ?? 0) + count);
    }
  }

  return counts;
}

function* entryNames(table: EntryTable): Generator<string> {
  for (let index = 0; index < table.count; index++) yield table.name(index);
}
