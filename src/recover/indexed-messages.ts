import { basename, dirname, join } from 'node:path';
import { parseIndexFld } from '../mail/index-fld.js';
import { MESSAGE_DIRECTORY, numberOfMessage } from '../store/message-file.js';
import { INDEX_FILE } from '../store/store-path.js';
import { readIfThere } from './live-folder.js';

/** The messages of one folder that its live index names. */
export interface IndexedMessages {
  readonly index: string;
  readonly messages: number;
}

/**
 * Of these messages, those that the live index of their folder names (docs/kerio.md 7.3).
 * @param paths absolute; an index names what lies in `#msgs` by the server's numbers
 */
export function findIndexed(paths: readonly string[]): IndexedMessages[] {
  const numbers = new Map<string, string[]>();

  for (const path of paths) {
    const holder = dirname(path);
    const number = numberOfMessage(basename(path));
    if (basename(holder) !== MESSAGE_DIRECTORY || number === undefined) {
      continue;
    }

    const index = join(dirname(holder), INDEX_FILE);
    const known = numbers.get(index) ?? [];

    numbers.set(index, known);
    known.push(number);
  }

  return [...numbers].flatMap(([index, known]) => {
    const text = readIfThere(index)?.toString('latin1') ?? '';
    const records = parseIndexFld(text);
    const messages = known.filter((number) => records.has(number)).length;

    return messages === 0 ? [] : [{ index, messages }];
  });
}
