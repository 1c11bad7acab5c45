import { EntryDamage } from '../archive/zip/entry-damage.js';
import { ColumnTable } from '../archive/zip/entry-table.js';
import {
  type EntryPlace,
  readHead,
  readWhole,
} from '../archive/zip/read-entry.js';
import { readEnough } from '../archive/zip/read-enough.js';
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
import type { SearchAnswer, SearchMatch, SearchTask } from './search-tasks.js';

/** Looks through messages, in any thread. */

/** Of a larger message, this much of its compressed data is searched for text. */
const TEXT_LIMIT_BYTES = 64 << 20;

/** Does the tasks of a search one after the other, each volume open while tasks are about it. */
export class Searcher {
  readonly #handle = new VolumeHandle();

  async search({
    volume,
    columns,
    query,
    checksWhole,
  }: SearchTask): Promise<SearchAnswer> {
    const table = new ColumnTable(columns);
    const matches: SearchMatch[] = [];
    const problems: { index: number; name: string; reason: string }[] = [];
    const source = await this.#handle.open(volume);

    for (let index = 0; index < table.count; index++) {
      try {
        const entry = { source, table, index };
        const headers = await findMatch(entry, query);
        if (headers && checksWhole) checkWhole(entry);
        // Spread: a getter does not travel to another thread.
        if (headers) matches.push({ index, headers: { ...headers } });
      } catch (error) {
        if (!(error instanceof EntryDamage)) throw error;

        problems.push({
          index,
          name: table.name(index),
          reason: error.message,
        });
      }
    }

    return { matches, problems };
  }

  close(): void {
    this.#handle.close();
  }
}

/** The headers of a message that satisfies the query; undefined where it does not. */
async function findMatch(
  entry: EntryPlace,
  query: MessageQuery,
): Promise<MessageHeaders | undefined> {
  const { table, index } = entry;
  let bytes = readHeadersOf(entry);

  const headers = readMessageHeaders(bytes);
  const receivedAt = new Date(msOfTicks(table.mtimeTicks(index)));
  if (!matchesHeaders(query, headers, receivedAt)) return undefined;
  if (query.text === undefined || matchesText(query, headers, '')) {
    return headers;
  }

  if (bytes.length < table.size(index)) bytes = readMost(entry);
  if (cannotHoldText(query, bytes)) return undefined;

  return matchesText(query, headers, await readBodyText(bytes))
    ? headers
    : undefined;
}

/**
 * As much of a message as holds all its headers.
 * @param memory used where the message is smaller, instead of memory of its own
 * @throws {EntryDamage}
 */
export function readHeadersOf(entry: EntryPlace, memory?: Buffer): Buffer {
  return readEnough(entry, {
    isEnough: holdsAllHeaders,
    readMore: () => readMost(entry),
    memory,
  });
}

/** @throws {EntryDamage} for a message that a recover would refuse, as far as it fits into memory */
function checkWhole(entry: EntryPlace): void {
  if (entry.table.compressedSize(entry.index) <= TEXT_LIMIT_BYTES) {
    readWhole(entry);
  }
}

function readMost(entry: EntryPlace): Buffer {
  return entry.table.compressedSize(entry.index) > TEXT_LIMIT_BYTES
    ? readHead(entry, TEXT_LIMIT_BYTES)
    : readWhole(entry);
}
