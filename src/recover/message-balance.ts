import type { ComparableFiles } from '../archive/comparable-files.js';
import type { EarlierTree } from '../archive/compare-trees.js';
import { type FileAt, FileList } from '../archive/file-list.js';
import { findMoves, NOT_MOVED } from '../archive/find-moves.js';
import { IndexRuns } from '../archive/read/indices.js';
import { Turns } from '../platform/turns.js';
import { mailboxNameOf } from '../store/mail-names.js';
import { parseEntryDirectory } from '../store/store-path.js';

/** The messages that are in one of two states only, mailbox by mailbox: what is in both, in two places, was moved. */

/** The messages of one mailbox that are live only, or in what comes only. */
interface MailboxFiles {
  readonly lost: FileList;
  readonly arrived: ArrivedFiles;
}

/** Files of what comes, by their numbers in its directories: after a disaster they are all there is. */
class ArrivedFiles {
  readonly #directories = new Map<string, IndexRuns>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(prefix: string, at: number): void {
    const numbers = this.#directories.get(prefix) ?? new IndexRuns();
    this.#directories.set(prefix, numbers);

    numbers.add(at);
    this.#length++;
  }

  /** Themselves, each directory read once more. */
  readFrom(tree: EarlierTree): FileList {
    const list = new FileList();

    for (const [prefix, numbers] of this.#directories) {
      const files = tree.filesOf(prefix);
      if (!files) throw new Error(`${prefix} was there a moment ago`);

      for (const at of numbers) list.add(files, at);
    }

    return list;
  }
}

/** What became of the messages of both states. */
interface SettledMessages {
  readonly lost: readonly FileAt[];
  readonly arrived: number;
  readonly movesBack: number;
}

const NO_LIST = new FileList();

export class MessageBalance {
  readonly #mailboxes = new Map<string, MailboxFiles>();
  /** Those of the directory that was asked for last: messages come directory by directory. */
  #last: { readonly prefix: string; readonly files: MailboxFiles } | undefined;

  /** @param comes what the live messages are compared with */
  constructor(private readonly comes: EarlierTree) {}

  addLost(files: ComparableFiles, at: number): void {
    this.#mailboxOf(files.prefix).lost.add(files, at);
  }

  addArrived({ prefix }: ComparableFiles, at: number): void {
    this.#mailboxOf(prefix).arrived.add(prefix, at);
  }

  /** Tells what was only moved. Reads live messages of which one of the same size arrives in their mailbox. */
  async settle(): Promise<SettledMessages> {
    const turns = new Turns();
    const allLost: FileAt[] = [];
    let allArrived = 0;
    let movesBack = 0;

    for (const { lost, arrived } of this.#mailboxes.values()) {
      const here = lost.length > 0 ? arrived.readFrom(this.comes) : NO_LIST;
      const moves = await findMoves(here, lost, turns);
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
    if (this.#last?.prefix !== prefix) {
      this.#last = { prefix, files: this.#findMailbox(prefix) };
    }

    return this.#last.files;
  }

  #findMailbox(prefix: string): MailboxFiles {
    const directory = parseEntryDirectory(prefix);
    const name = directory ? mailboxNameOf(directory) : '';
    const known = this.#mailboxes.get(name);
    if (known) return known;

    const added = { lost: new FileList(), arrived: new ArrivedFiles() };
    this.#mailboxes.set(name, added);

    return added;
  }
}
