import type { ArchiveState } from '../archive/archive-state.js';
import type { Catalogue } from '../archive/backup-directory.js';
import { inspectArchives } from '../archive/inspect.js';
import { type OpenArchive, openArchive } from '../archive/open-archive.js';
import { countEntries, type MailboxCounts } from './count-mail.js';

/** The mail of the archive before this run, as that archive itself counts it. */
export interface Predecessor {
  readonly stem: string;
  readonly counts: MailboxCounts;
}

/** The newest archive that can tell how much mail it has; undefined where there is none. */
export async function readPredecessor({
  storage,
  archives,
}: Catalogue): Promise<Predecessor | undefined> {
  for (const files of [...archives].reverse()) {
    const [state] = await inspectArchives(storage, [files]);
    const counts = state && (await countsOf(state));
    if (counts) return { stem: files.stem, counts };
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

  return countEntries(entryNames(await openArchive(facts.files)));
}

function* entryNames({ volumes }: OpenArchive): Generator<string> {
  for (const { table } of volumes) {
    for (let index = 0; index < table.count; index++) yield table.name(index);
  }
}
