/** The debug log of a running server, page by page. */
import type { AdminCalls } from './calls.js';

export interface LogPage {
  readonly lines: readonly string[];
  /** The line that comes next, counted from 0. */
  readonly next: number;
  /** The log begins anew: it was rotated, or cleared. */
  readonly isNew: boolean;
}

const PAGE_LINES = 10_000;

/** The lines from one on, as many as a page has. @throws {UnknownAnswerError} */
export async function readLogPage(
  calls: AdminCalls,
  fromLine: number,
): Promise<LogPage> {
  const answer = await calls.ask('Logs.get', {
    logName: 'debug',
    fromLine,
    countLines: PAGE_LINES,
  });

  const total = answer
    .field('totalItems')
    .wholeNumber(0, Number.MAX_SAFE_INTEGER);
  if (total < fromLine) return { lines: [], next: 0, isNew: true };

  const lines = answer
    .field('viewport')
    .items()
    .map((item) =>
      item
        .field('content')
        .text()
        .replace(/[\r\n]+$/, ''),
    );

  return { lines, next: fromLine + lines.length, isNew: false };
}
