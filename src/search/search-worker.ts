import { EntryDamage } from '../archive/zip/entry-damage.js';
import { ColumnTable } from '../archive/zip/entry-table.js';
import {
  type EntryPlace,
  readHead,
  readWhole,
} from '../archive/zip/read-entry.js';
import { VolumeHandle } from '../archive/volume-handle.js';
import {
  holdsAllHeaders,
  type MessageHeaders,
  readMessageHeaders,
} from '../mail/message-headers.js';
import {
  cannotHoldText,
  matchesHeaders,
  matchesText,
  type MessageQuery,
} from '../mail/message-query.js';
import { readBodyText } from '../mail/mime-text.js';
import { msOfTicks } from '../platform/file-times.js';
import { serveTasks } from '../platform/worker-port.js';
import type { SearchAnswer, SearchMatch, SearchTask } from './search-tasks.js';

/** As much of a message's compressed data as holds the headers of nearly every mail. */
const HEAD_BYTES = 8 << 10;
/** Of a larger message, this much of its compressed data is searched for text. */
const TEXT_LIMIT_BYTES = 64 << 20;

const handle = new VolumeHandle();

serveTasks(
  async ({ volume, columns, query }: SearchTask): Promise<SearchAnswer> => {
    const table = new ColumnTable(columns);
    const matches: SearchMatch[] = [];
    const problems: { name: string; reason: string }[] = [];
    const source = await handle.open(volume);

    for (let index = 0; index < table.count; index++) {
      try {
        const headers = await findMatch({ source, table, index }, query);
        // Spread: a getter does not travel to another thread.
        if (headers) matches.push({ index, headers: { ...headers } });
      } catch (error) {
        if (!(error instanceof EntryDamage)) throw error;

        problems.push({ name: table.name(index), reason: error.message });
      }
    }

    return { matches, problems };
  },
);

/** The headers of a message that satisfies the query; undefined where it does not. */
async function findMatch(
  entry: EntryPlace,
  query: MessageQuery,
): Promise<MessageHeaders | undefined> {
  const { table, index } = entry;
  let bytes = readHead(entry, HEAD_BYTES);
  const readRest = (): void => {
    if (bytes.length < table.size(index)) bytes = readMost(entry);
  };

  if (!holdsAllHeaders(bytes)) readRest();

  const headers = readMessageHeaders(bytes);
  const receivedAt = new Date(msOfTicks(table.mtimeTicks(index)));
  if (!matchesHeaders(query, headers, receivedAt)) return undefined;
  if (query.text === undefined || matchesText(query, headers, '')) {
    return headers;
  }

  readRest();
  if (cannotHoldText(query, bytes)) return undefined;

  return matchesText(query, headers, await readBodyText(bytes))
    ? headers
    : undefined;
}

function readMost(entry: EntryPlace): Buffer {
  return entry.table.compressedSize(entry.index) > TEXT_LIMIT_BYTES
    ? readHead(entry, TEXT_LIMIT_BYTES)
    : readWhole(entry);
}
