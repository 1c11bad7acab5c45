import {
  type HeaderField,
  type HeaderIndex,
  presenceWords,
} from '../archive/headers/header-index.js';
import type { MessageQuery } from '../mail/message-query.js';

/** The records of an index that may satisfy a query: what their text holds nobody has read yet. */

/**
 * @param isInScope says for the number of a directory whether it is searched
 * @returns the records to be read, and how many are in the scope
 */
export async function findCandidates(
  index: HeaderIndex,
  query: MessageQuery,
  isInScope: (directory: number) => boolean,
): Promise<{ readonly records: number[]; readonly searched: number }> {
  const marks = scopedRecords(index, isInScope);
  const searched = marks.reduce((sum, one) => sum + one, 0);
  const fullMark = await markMatches(index, query, marks);
  const isInRange = await rangeOf(index, query);
  const records: number[] = [];

  for (let record = 0; record < marks.length; record++) {
    const mark = marks[record] ?? 0;
    if (mark === 0) continue;
    if (index.unread.has(record) || (mark === fullMark && isInRange(record))) {
      records.push(record);
    }
  }

  return { records, searched };
}

/**
 * Doubles the mark of a record for each condition that its texts satisfy.
 * @returns the mark of those that satisfy all
 */
async function markMatches(
  { headers }: HeaderIndex,
  query: MessageQuery,
  marks: Uint8Array,
): Promise<number> {
  if (!headers) return 1;

  const conditions = conditionsOf(query);

  for (const [field, wanted] of conditions) {
    const column = await headers.text(field);
    const isWhole = field === 'messageId';

    for (const record of column.find(wanted)) {
      if (!isWhole || column.line(record) === wanted) {
        marks[record] = (marks[record] ?? 0) << 1;
      }
    }
  }

  return 1 << conditions.length;
}

/** One for each record that is in an archive and in the scope. */
function scopedRecords(
  { archives, directories, records }: HeaderIndex,
  isInScope: (directory: number) => boolean,
): Uint8Array {
  const words = presenceWords(archives.length);
  const wanted = directories.map((_, directory) => isInScope(directory));
  const scoped = new Uint8Array(records.count);

  for (let record = 0; record < records.count; record++) {
    if (wanted[records.directories[record] ?? 0] !== true) continue;

    for (let word = 0; word < words; word++) {
      if (records.presence[record * words + word] !== 0) scoped[record] = 1;
    }
  }

  return scoped;
}

function conditionsOf({
  from,
  to,
  subject,
  messageId,
}: MessageQuery): [HeaderField, string][] {
  const wanted: [HeaderField, string | undefined][] = [
    ['from', from],
    ['to', to],
    ['subject', subject],
    ['messageId', messageId],
  ];

  return wanted.filter(
    (pair): pair is [HeaderField, string] => pair[1] !== undefined,
  );
}

/** Says whether the query looks at headers at all. */
export function asksForHeaders(query: MessageQuery): boolean {
  return conditionsOf(query).length > 0 || hasRange(query);
}

function hasRange({ sinceMs, beforeMs }: MessageQuery): boolean {
  return sinceMs !== undefined || beforeMs !== undefined;
}

/** The rule of `matchesHeaders`: a message without a date goes by the time of its file. */
async function rangeOf(
  { records, headers }: HeaderIndex,
  query: MessageQuery,
): Promise<(record: number) => boolean> {
  if (!headers || !hasRange(query)) return () => true;

  const dates = await headers.dates();
  const { sinceMs = -Infinity, beforeMs = Infinity } = query;

  return (record) => {
    const date = dates[record] ?? NaN;
    const ms = Number.isNaN(date) ? (records.receivedMs[record] ?? 0) : date;

    return ms >= sinceMs && ms < beforeMs;
  };
}
