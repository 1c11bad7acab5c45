import { isFirstPiece, wholeSize } from '../archive/entry-kind.js';
import { fileIn, parseEntryDirectory } from '../store/store-path.js';
import { MESSAGE_DIRECTORY } from '../store/message-file.js';
import { placeOf } from '../store/entry-place.js';
import type { ChainEntries } from './select-entries.js';
import { type SelectedRun, selectedRuns } from './selected-runs.js';

/** The folders of an archive whose mail is added to a live store. */

/** The directory of a folder's messages: `#msgs`, or empty for those in the folder's own directory. */
type Holder = typeof MESSAGE_DIRECTORY | '';

/** A message of the archive. */
export interface ArchivedMessage {
  /** The file's name: `0000000a.eml`. */
  readonly name: string;
  /** Undefined for one that was split: the archive has the checksums of its pieces only. */
  readonly crc: number | undefined;
  readonly sizeBytes: number;
}

/** A folder of the archive, in memory for as long as it is worked on. */
export interface ArchivedFolder {
  readonly messages: readonly ArchivedMessage[];
  /** The files beside `#msgs`: `status.fld`, `index.fld`, … */
  readonly files: readonly string[];
}

/** The folders that hold something of a selection, in the order of the archive. */
export function collectFolders({
  selections,
}: ChainEntries): readonly FolderEntries[] {
  const folders = new Folders();
  for (const run of selectedRuns(selections)) folders.addRun(run);

  return folders.all;
}

/** Where the entries of a folder lie. */
export class FolderEntries {
  readonly #runs: SelectedRun[] = [];

  /** @param path below the store: `mail/example.com/alice/INBOX` */
  constructor(
    readonly path: string,
    readonly holder: Holder,
  ) {}

  /** @param run of the directory that the messages or the files lie in */
  add(run: SelectedRun): void {
    if (this.#runs.at(-1) !== run) this.#runs.push(run);
  }

  /** The folder, of which nothing is kept here. */
  read(): ArchivedFolder {
    const messages: ArchivedMessage[] = [];
    const files: string[] = [];

    for (const run of this.#runs) {
      for (const { index, name, holder, isMessage } of filesOf(run)) {
        if (!isMessage) {
          files.push(name);
        } else if (holder === this.holder) {
          messages.push(messageAt(run, index, name));
        }
      }
    }

    return { messages, files: this.holder === '' ? [] : files };
  }
}

function messageAt(
  { table }: SelectedRun,
  index: number,
  name: string,
): ArchivedMessage {
  const crc = table.piece(index) ? undefined : table.crc(index);

  return { name, crc, sizeBytes: wholeSize(table, index) };
}

/** A file that belongs to a folder. */
interface FolderFile {
  readonly index: number;
  readonly name: string;
  readonly isMessage: boolean;
  /** The directory of a message; a file lies beside that of the messages. */
  readonly holder: Holder;
}

/** The messages of a directory, and the files of a folder where it is its own. */
function* filesOf(run: SelectedRun): Generator<FolderFile> {
  const { table, prefix, indices } = run;
  const directory = parseEntryDirectory(prefix);
  if (!directory?.holdsMessages) return;

  const holder =
    directory.holder === MESSAGE_DIRECTORY ? MESSAGE_DIRECTORY : '';

  for (const index of indices) {
    if (table.isDirectory(index) || !isFirstPiece(table, index)) continue;

    const name = run.fileName(index);
    const { isMessage } = fileIn(directory, name);
    const isOfFolder = isMessage || directory.holder === '';

    if (isOfFolder) yield { index, name, isMessage, holder };
  }
}

class Folders {
  readonly #folders = new Map<string, FolderEntries>();

  get all(): readonly FolderEntries[] {
    return [...this.#folders.values()];
  }

  addRun(run: SelectedRun): void {
    const directory = parseEntryDirectory(run.prefix);
    const path = folderPathOf(run.prefix, directory?.holder ?? '');

    for (const { isMessage, holder } of filesOf(run)) {
      this.#of(path, isMessage ? holder : MESSAGE_DIRECTORY).add(run);
    }
  }

  #of(path: string, holder: Holder): FolderEntries {
    const key = `${path}/${holder}`;
    const known = this.#folders.get(key);
    if (known) return known;

    const added = new FolderEntries(path, holder);
    this.#folders.set(key, added);

    return added;
  }
}

/** The path of a folder below the store, by the entry name of its directory or of `#msgs` in it. */
function folderPathOf(entryName: string, holder: string): string {
  const path = placeOf(entryName)?.path ?? '';
  const end = holder === '' ? 1 : holder.length + 2;

  return path.slice(0, -end);
}
