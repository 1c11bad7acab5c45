import { ExitCode } from '../../errors.js';
import type { FoundMail } from '../../jobs/search-mail.js';
import type { SearchHit, SearchReport } from '../../search/run-search.js';
import { formatMinute } from '../../platform/dates.js';
import { formatSize, plural } from '../../platform/units.js';
import { plainText } from '../../platform/plain-text.js';
import { quoteWord } from '../../platform/quote-words.js';
import { document } from '../document.js';
import { formatTable } from '../table.js';

/** A command line holds this many names with ease, also on Windows. */
const MOST_NAMES = 20;

/** Nothing found is an answer of its own; what could not be read makes it a partial one. */
export function searchExitCode({ hits, problems }: FoundMail): ExitCode {
  if (problems.length > 0) return ExitCode.incomplete;

  return hits.length > 0 ? ExitCode.done : ExitCode.notFound;
}

/** The report as a document. */
export function documentSearch(found: FoundMail, from: string): object {
  const { archives, searched, hits, problems, warnings } = found;

  return document('search', {
    archives,
    searched,
    messages: hits.map(documentHit),
    problems,
    warnings,
    recover: hits.length > 0 ? recoverCommand(hits, from) : null,
  });
}

function documentHit(hit: SearchHit): object {
  const { name, from, to, subject, messageId, date, sizeBytes } = hit;

  return { name, from, to, subject, messageId, date: date ?? null, sizeBytes };
}

/** The report for people: a table, what could not be read, and the command that recovers what was found. */
export function formatSearch(report: SearchReport, from: string): string {
  const found = `${plural(report.hits.length, 'message')} found, ${plural(report.searched, 'message')} searched`;
  const lines = [
    ...(report.hits.length === 0 ? [] : [...formatHits(report.hits), '']),
    found,
  ];

  const [first] = report.problems;

  if (first) {
    lines.push(
      `Unreadable  ${plural(report.problems.length, 'message')}, first ${plainText(first.name)}: ${first.reason}`,
    );
  }

  if (report.hits.length > 0) lines.push('', 'Recover with:');

  for (let at = 0; at < report.hits.length; at += MOST_NAMES) {
    lines.push(
      `  ${recoverCommand(report.hits.slice(at, at + MOST_NAMES), from)}`,
    );
  }

  return lines.join('\n');
}

/** `kms-backup recover DIR --additive --message 'example.com/alice/INBOX/0000000a'`, with all messages. */
function recoverCommand(hits: readonly SearchHit[], from: string): string {
  const names = hits.map(({ name }) => `--message ${quoteWord(name)}`);
  return `kms-backup recover ${quoteWord(from)} --additive ${names.join(' ')}`;
}

function formatHits(hits: readonly SearchHit[]): string[] {
  const rows = hits.map((hit) => [
    hit.date ? formatMinute(hit.date) : '-',
    plainText(hit.from, 32),
    plainText(hit.subject, 48),
    formatSize(hit.sizeBytes),
    plainText(hit.name),
  ]);

  return formatTable([['DATE', 'FROM', 'SUBJECT', 'SIZE', 'MESSAGE'], ...rows]);
}
