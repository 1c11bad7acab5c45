import type { FileChange, FilesComparison } from '../archive/compare-files.js';
import { compareTrees } from '../archive/compare-trees.js';
import { placeOf } from '../store/entry-place.js';
import { mailboxNameOf } from '../store/mail-names.js';
import { hasMessageName } from '../store/message-file.js';
import {
  parseEntryDirectory,
  type StoreDirectory,
} from '../store/store-path.js';
import { type ChangedMessage, MailChanges } from './mail-changes.js';
import type {
  ChangeCounts,
  DiffRequest,
  FolderDiff,
  MessageTotals,
  PartDiff,
} from './request.js';

/** What came of everything between two moments. */
export interface DiffResult {
  readonly totals: MessageTotals;
  /** All folders of both moments. */
  readonly folders: readonly FolderDiff[];
  /** The messages that are not the same, mailbox by mailbox; each is made when it is asked for. */
  messages(): Iterable<ChangedMessage>;
  /** Other files than messages, where they differ. */
  readonly parts: readonly PartDiff[];
}

/** Compares two moments directory by directory. */
export async function runDiff(request: DiffRequest): Promise<DiffResult> {
  const mail = new MailChanges();
  const parts = new PartChanges();
  let [doneItems, doneBytes] = [0, 0];

  for await (const compared of compareTrees(request.before, request.after)) {
    const directory = parseEntryDirectory(compared.after.prefix);

    if (directory) mail.add(directory, compared);
    parts.add(directory, compared);

    doneItems += compared.after.names.length;
    doneBytes += compared.sameBytes;
    request.onProgress({
      phase: 'comparing',
      doneItems,
      doneBytes,
      current: directory && mailboxNameOf(directory),
    });
  }

  await mail.finish();

  return {
    totals: mail.totals,
    folders: mail.folders,
    messages: () => mail.messages(),
    parts: parts.all,
  };
}

/** Files that are no messages, counted by part. */
class PartChanges {
  readonly #parts = new Map<string, PartDiff>();

  get all(): readonly PartDiff[] {
    return [...this.#parts.values()];
  }

  add(directory: StoreDirectory | undefined, compared: FilesComparison): void {
    const { prefix } = compared.after;

    for (const { change, name } of compared.differences()) {
      if (directory?.holdsMessages === true && hasMessageName(name)) continue;

      const part = partOf(prefix + name);
      const counts = this.#parts.get(part) ?? noChanges(part);
      this.#parts.set(part, counts);
      counts[COUNTED_AS[change]]++;
    }
  }
}

const COUNTED_AS: Readonly<Record<FileChange, keyof ChangeCounts>> = {
  new: 'new',
  changed: 'changed',
  gone: 'deleted',
};

function noChanges(part: string): PartDiff {
  return { part, new: 0, changed: 0, deleted: 0 };
}

/** `mailserver.cfg`, `lists`; what has no component of its own goes by its name in the store. */
function partOf(entryName: string): string {
  const place = placeOf(entryName);
  if (!place) return entryName;

  const isByName = place.component === 'cfg' || place.component === 'other';

  return isByName ? (place.path.split('/', 1)[0] ?? '') : place.component;
}
