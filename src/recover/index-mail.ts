import {
  fileNameAt,
  isFirstPiece,
  isMessageAt,
  wholeSize,
} from '../archive/entry-kind.js';
import { wholeName } from '../archive/entry-names.js';
import { MailIndex } from '../store/mailboxes.js';
import { MESSAGE_DIRECTORY } from '../store/message-file.js';
import {
  fileIn,
  parseEntryDirectory,
  type StoreDirectory,
} from '../store/store-path.js';
import {
  type ChainIndex,
  type ChainRun,
  runsOf,
} from '../archive/chain-index.js';
import type { ChainEntries } from './select-entries.js';
import { selectedRuns } from './selected-runs.js';

/** The mailboxes and folders of a chain, with their messages and sizes. */

/** All mailboxes and folders of a chain's point. @param index those of another moment, to which they are added */
export function indexMail(
  chain: ChainIndex,
  index = new MailIndex(),
): MailIndex {
  if (chain.parts?.has('mail') === false) return index;

  for (const run of runsOf(chain)) {
    const directory = parseEntryDirectory(run.prefix);
    if (directory) indexRun(index, directory, run);
  }

  return index;
}

function indexRun(
  index: MailIndex,
  directory: StoreDirectory,
  run: ChainRun,
): void {
  const { table, start, end } = run;
  let entries = 0;
  let messages = 0;
  let sizeBytes = 0;

  for (let at = start; at < end; at++) {
    if (!isFirstPiece(table, at) || isHidden(run, at)) continue;

    entries++;
    if (!isMessageAt(table, at, directory.holdsMessages)) continue;

    messages++;
    sizeBytes += wholeSize(table, at);
    if (directory.holder !== MESSAGE_DIRECTORY) {
      const name = wholeName(table.nameAfter(at, run.prefixBytes));
      index.addMisplaced(fileIn(directory, name));
    }
  }

  if (entries > 0) index.add(directory, sizeBytes, messages);
}

/** Tells whether an entry of a run is not of the chain's point. */
export function isHidden(
  { table, prefix, hidden }: ChainRun,
  index: number,
): boolean {
  return hidden?.get(prefix)?.has(fileNameAt(table, index)) ?? false;
}

/** The mailboxes and folders of messages that were chosen one by one. */
export function indexEntries({ selections }: ChainEntries): MailIndex {
  const index = new MailIndex();

  for (const { table, prefix, indices } of selectedRuns(selections)) {
    const directory = parseEntryDirectory(prefix);
    if (!directory) continue;

    for (const at of indices) {
      if (isMessageAt(table, at, directory.holdsMessages)) {
        index.add(directory, wholeSize(table, at), 1);
      }
    }
  }

  return index;
}
