import type { FolderDiff } from '../../diff/request.js';

/** The differences of folders, by mailbox. */

/** What differs in a mailbox. */
export interface MailboxDiff {
  readonly name: string;
  readonly counts: Counts;
  /** Those that differ, by name. */
  readonly folders: readonly FolderDiff[];
}

export type Counts = Pick<
  FolderDiff,
  'new' | 'changed' | 'deleted' | 'movedIn' | 'movedOut' | 'same' | 'bytes'
>;

/** The mailboxes in which something differs, by name. */
export function toMailboxes(folders: readonly FolderDiff[]): MailboxDiff[] {
  const byName = byMailbox(folders);
  const names = [...byName.keys()].sort();
  const mailboxes: MailboxDiff[] = [];

  for (const name of names) {
    const own = byName.get(name) ?? [];
    const differing = own.filter(differs).sort(byFolder);
    if (differing.length === 0) continue;

    mailboxes.push({
      name,
      counts: sum(own),
      folders: differing,
    });
  }

  return mailboxes;
}

function byMailbox(folders: readonly FolderDiff[]): Map<string, FolderDiff[]> {
  const byName = new Map<string, FolderDiff[]>();

  for (const folder of folders) {
    const own = byName.get(folder.mailbox) ?? [];
    own.push(folder);
    byName.set(folder.mailbox, own);
  }

  return byName;
}

function byFolder(a: FolderDiff, b: FolderDiff): number {
  return a.folder < b.folder ? -1 : 1;
}

function differs(folder: FolderDiff): boolean {
  const changes = folder.new + folder.changed + folder.deleted;
  const moves = folder.movedIn + folder.movedOut;
  const cameOrWent = folder.wasThere !== folder.isThere;

  return changes > 0 || moves > 0 || cameOrWent;
}

function sum(folders: readonly Counts[]): Counts {
  const total = {
    new: 0,
    changed: 0,
    deleted: 0,
    movedIn: 0,
    movedOut: 0,
    same: 0,
    bytes: 0,
  };

  for (const folder of folders) {
    total.new += folder.new;
    total.changed += folder.changed;
    total.deleted += folder.deleted;
    total.movedIn += folder.movedIn;
    total.movedOut += folder.movedOut;
    total.same += folder.same;
    total.bytes += folder.bytes;
  }

  return total;
}
