import type { FilesComparison } from '../archive/compare-files.js';
import { Turns } from '../platform/turns.js';
import { folderNameOf, mailboxNameOf } from '../store/mail-names.js';
import { countMessages, hasMessageName } from '../store/message-file.js';
import {
  fileIn,
  type StoreDirectory,
  type StorePath,
} from '../store/store-path.js';
import { type FileAt, FileList, sizeOf } from '../archive/file-list.js';
import { findMoves, type Moves, NOT_MOVED } from '../archive/find-moves.js';
import type { FolderDiff, MessageTotals } from './request.js';

/** What came of the messages of all mailboxes. */

export type MessageChange = (typeof MESSAGE_CHANGES)[number];

/** In the order in which they are told. */
export const MESSAGE_CHANGES = ['new', 'changed', 'deleted', 'moved'] as const;

/** A message that is not the same, and where. */
export interface ChangedMessage {
  readonly change: MessageChange;
  /** Where it is; where it was, if it was deleted. */
  readonly path: StorePath;
  /** The file that holds it there. */
  readonly file: FileAt;
  /** Where it was, with what it was; undefined for a new one. */
  readonly before:
    { readonly path: StorePath; readonly file: FileAt } | undefined;
}

/** The messages of one mailbox that are not the same. */
interface MailboxChanges {
  readonly gone: FileList;
  readonly added: FileList;
  /** Both moments of each. */
  readonly changedFrom: FileList;
  readonly changedTo: FileList;
  moves: Moves;
}

/** Gathers the messages of mailboxes, directory by directory, and tells at the end which of them were moved. */
export class MailChanges {
  readonly #mailboxes = new Map<string, MailboxChanges>();
  readonly #folders = new Map<string, FolderDiff>();
  readonly #directories = new Map<string, StoreDirectory>();
  readonly totals: MessageTotals = {
    new: 0,
    changed: 0,
    deleted: 0,
    moved: 0,
    same: 0,
    newBytes: 0,
    deletedBytes: 0,
  };

  /** All folders of both moments. */
  get folders(): readonly FolderDiff[] {
    return [...this.#folders.values()];
  }

  /** Notes the messages of one directory. */
  add(directory: StoreDirectory, compared: FilesComparison): void {
    const { before, after } = compared;
    this.#directories.set(after.prefix, directory);

    const folder = this.#folderOf(directory);
    folder.wasThere ||= before.names.length > 0;
    folder.isThere ||= after.names.length > 0;
    if (!directory.holdsMessages) return;

    const differing = this.#addDifferences(directory, compared);
    const same = countMessages(after.prefix, after.names) - differing;
    folder.same += same;
    this.totals.same += same;
  }

  /** @returns how many of the messages that are there are not the same */
  #addDifferences(
    directory: StoreDirectory,
    compared: FilesComparison,
  ): number {
    const { before, after } = compared;
    let differing = 0;

    for (const difference of compared.differences()) {
      if (!hasMessageName(difference.name)) continue;

      const mailbox = this.#mailboxOf(directory);
      if (difference.after === undefined) {
        mailbox.gone.add(before, difference.before ?? 0);
        continue;
      }

      differing++;

      if (difference.before === undefined) {
        mailbox.added.add(after, difference.after);
      } else {
        mailbox.changedFrom.add(before, difference.before);
        mailbox.changedTo.add(after, difference.after);
      }
    }

    return differing;
  }

  /** Finds out what was moved, and counts. Call it once everything was added. */
  async finish(): Promise<void> {
    const turns = new Turns();

    for (const mailbox of this.#mailboxes.values()) {
      mailbox.moves = await findMoves(mailbox.gone, mailbox.added, turns);
    }

    for (const message of this.messages()) this.#count(message);
  }

  /** The messages that are not the same, mailbox by mailbox. */
  *messages(): Generator<ChangedMessage> {
    for (const mailbox of this.#mailboxes.values()) {
      yield* this.#messagesOf(mailbox);
    }
  }

  *#messagesOf(mailbox: MailboxChanges): Generator<ChangedMessage> {
    const { gone, added, changedFrom, changedTo, moves } = mailbox;

    for (const [place, origin] of moves.entries()) {
      const now = this.#place(added.at(place));
      yield origin === NOT_MOVED
        ? { change: 'new', ...now, before: undefined }
        : { change: 'moved', ...now, before: this.#place(gone.at(origin)) };
    }

    for (let place = 0; place < changedTo.length; place++) {
      const now = this.#place(changedTo.at(place));
      const before = this.#place(changedFrom.at(place));
      yield { change: 'changed', ...now, before };
    }

    const moved = new Set(moves);

    for (let place = 0; place < gone.length; place++) {
      if (moved.has(place)) continue;

      const before = this.#place(gone.at(place));
      yield { change: 'deleted', ...before, before };
    }
  }

  #count({ change, path, file, before }: ChangedMessage): void {
    const { totals } = this;
    const folder = this.#folderOf(path);
    const sizeBytes = sizeOf(file);
    const bytesBefore = before ? sizeOf(before.file) : 0;

    totals[change]++;

    if (change === 'new') totals.newBytes += sizeBytes;
    if (change === 'deleted') totals.deletedBytes += sizeBytes;

    if (change !== 'moved') {
      folder[change]++;
      folder.bytes += (change === 'deleted' ? 0 : sizeBytes) - bytesBefore;
    } else if (before) {
      const origin = this.#folderOf(before.path);
      origin.movedOut++;
      origin.bytes -= sizeBytes;
      folder.movedIn++;
      folder.bytes += sizeBytes;
    }
  }

  #place(file: FileAt): { path: StorePath; file: FileAt } {
    const { files, at } = file;
    const directory = this.#directories.get(files.prefix);
    if (!directory) throw new Error(`${files.prefix} is no mail`);

    return { path: fileIn(directory, files.names[at] ?? ''), file };
  }

  #mailboxOf(directory: StoreDirectory): MailboxChanges {
    const name = mailboxNameOf(directory);
    const known = this.#mailboxes.get(name);
    if (known) return known;

    const mailbox = {
      gone: new FileList(),
      added: new FileList(),
      changedFrom: new FileList(),
      changedTo: new FileList(),
      moves: new Int32Array(0),
    };

    this.#mailboxes.set(name, mailbox);

    return mailbox;
  }

  #folderOf(directory: StoreDirectory): FolderDiff {
    const name = folderNameOf(directory);
    const known = this.#folders.get(name);
    if (known) return known;

    const folder = {
      mailbox: mailboxNameOf(directory),
      folder: directory.folder,
      new: 0,
      changed: 0,
      deleted: 0,
      movedIn: 0,
      movedOut: 0,
      same: 0,
      bytes: 0,
      wasThere: false,
      isThere: false,
    };

    this.#folders.set(name, folder);

    return folder;
  }
}
