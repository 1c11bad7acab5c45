import type { ComparableFiles } from '../archive/comparable-files.js';
import { type FileAt, FileList } from '../archive/file-list.js';
import { findMoves, NOT_MOVED } from '../archive/find-moves.js';
import { Turns } from '../platform/turns.js';
import { mailboxNameOf } from '../store/mail-names.js';
import { parseEntryDirectory } from '../store/store-path.js';

/** The messages that are in one of two states only, mailbox by mailbox: what is in both, in two places, was moved. */

/** The messages of one mailbox that are live only, or in what comes only. */
interface MailboxFiles {
  readonly lost: FileList;
  readonly arrived: FileList;
}

/** What became of the messages of both states. */
interface SettledMessages {
  readonly lost: readonly FileAt[];
  readonly arrived: number;
  readonly movesBack: number;
}

export class MessageBalance {
  readonly #mailboxes = new Map<string, MailboxFiles>();

  addLost(files: ComparableFiles, at: number): void {
    this.#mailboxOf(files.prefix).lost.add(files, at);
  }

  addArrived(files: ComparableFiles, at: number): void {
    this.#mailboxOf(files.prefix).arrived.add(files, at);
  }

  /** Tells what was only moved. Reads live messages of which one of the same size arrives in their mailbox. */
  async settle(): Promise<SettledMessages> {
    const turns = new Turns();
    const allLost: FileAt[] = [];
    let allArrived = 0;
    let movesBack = 0;

    for (const { lost, arrived } of this.#mailboxes.values()) {
      const moves = await findMoves(arrived, lost, turns);
      const gone = [...moves.keys()].filter(
        (place) => moves[place] === NOT_MOVED,
      );
      const moved = lost.length - gone.length;

      movesBack += moved;
      allArrived += arrived.length - moved;
      for (const place of gone) allLost.push(lost.at(place));
    }

    return { lost: allLost, arrived: allArrived, movesBack };
  }

  #mailboxOf(prefix: string): MailboxFiles {
    const directory = parseEntryDirectory(prefix);
    const name = directory ? mailboxNameOf(directory) : '';
    const known = this.#mailboxes.get(name);
    if (known) return known;

    const added = { lost: new FileList(), arrived: new FileList() };
    this.#mailboxes.set(name, added);

    return added;
  }
}
