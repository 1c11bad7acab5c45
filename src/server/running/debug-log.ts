/** The debug log of a running server, page by page. */
import type { AdminCalls } from './calls.js';

/** Up to where the log was read. */
export interface LogPosition {
  /** The line that comes next, counted from 0. */
  readonly next: number;
  /** The line before that; undefined at the beginning. */
  readonly last: string | undefined;
}

export interface LogPage {
  readonly lines: readonly string[];
  readonly position: LogPosition;
  /** The log begins anew: it was rotated, or cleared. */
  readonly isNew: boolean;
}

export const LOG_BEGINNING: LogPosition = { next: 0, last: undefined };

const PAGE_LINES = 10_000;

/**
 * The lines from a position on, as many as a page has. The line before them is read once more: it alone says whether the log is still
 * the same, because one that was rotated may be longer than the old one by now, and what the server counts is nowhere written.
 * @throws {UnknownAnswerError}
 */
export async function readLogPage(
  calls: AdminCalls,
  { next, last }: LogPosition,
): Promise<LogPage> {
  const again = last === undefined ? 0 : 1;
  const answer = await calls.ask('Logs.get', {
    logName: 'debug',
    fromLine: next - again,
    countLines: PAGE_LINES,
  });

  const found = answer
    .field('viewport')
    .items()
    .map((item) =>
      item
        .field('content')
        .text()
        .replace(/[\r\n]+$/, ''),
    );

  if (last !== undefined && found[0] !== last) {
    return { lines: [], position: LOG_BEGINNING, isNew: true };
  }

  const lines = found.slice(again);
  const position = { next: next + lines.length, last: lines.at(-1) ?? last };

  return { lines, position, isNew: false };
}
