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

/** A folder of the archive. */
export interface ArchivedFolder {
  /** Below the store: `mail/example.com/alice/INBOX`. */
  readonly path: string;
  readonly holder: Holder;
  readonly messages: readonly ArchivedMessage[];
  /** The files beside `#msgs`: `status.fld`, `index.fld`, … */
  readonly files: readonly string[];
}

/** The folders that hold something of a selection, in the order of the archive. */
export function collectFolders({
  selections,
}: ChainEntries): readonly ArchivedFolder[] {
  const folders = new Folders();
  for (const run of selectedRuns(selections)) folders.addRun(run);

  return folders.all;
}

type GatheredFolder = ArchivedFolder & {
  readonly messages: ArchivedMessage[];
  readonly files: string[];
};

class Folders {
  readonly #folders = new Map<string, GatheredFolder>();

  get all(): readonly ArchivedFolder[] {
    return [...this.#folders.values()];
  }

  addRun(run: SelectedRun): void {
    const { table, prefix, indices } = run;
    const directory = parseEntryDirectory(prefix);
    if (!directory?.holdsMessages) return;

    const path = folderPathOf(prefix, directory.holder);

    for (const index of indices) {
      if (table.isDirectory(index) || !isFirstPiece(table, index)) continue;

      const name = run.fileName(index);

      if (fileIn(directory, name).isMessage) {
        const holder =
          directory.holder === MESSAGE_DIRECTORY ? MESSAGE_DIRECTORY : '';
        const crc = table.piece(index) ? undefined : table.crc(index);
        const sizeBytes = wholeSize(table, index);

        this.#of(path, holder).messages.push({ name, crc, sizeBytes });
      } else if (directory.holder === '') {
        this.#of(path, MESSAGE_DIRECTORY).files.push(name);
      }
    }
  }

  #of(path: string, holder: Holder): GatheredFolder {
    const key = `${path}/${holder}`;
    const known = this.#folders.get(key);
    if (known) return known;

    const added = { path, holder, messages: [], files: [] };
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
