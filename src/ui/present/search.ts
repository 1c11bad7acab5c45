import { ExitCode } from '../../errors.js';
import type { FoundMail, MailHit } from '../../jobs/search-mail.js';
import { formatMinute } from '../../platform/dates.js';
import { formatSize, plural } from '../../platform/units.js';
import { plainText } from '../../platform/plain-text.js';
import { document } from '../document.js';
import { formatTable } from '../table.js';
import { padToWidth, textWidth } from '../terminal-text.js';
import {
  recoverCommand,
  recoverLines,
  type SearchPlace,
} from './recover-lines.js';

/** The width of a result that goes into a file or a pipe. */
const USUAL_COLUMNS = 120;
const FROM_COLUMNS = 28;

/** Nothing found is an answer of its own; what could not be read makes it a partial one. */
export function searchExitCode({
  hits,
  problems,
  isIncomplete,
}: FoundMail): ExitCode {
  if (problems.length > 0 || isIncomplete) return ExitCode.incomplete;

  return hits.length > 0 ? ExitCode.done : ExitCode.notFound;
}

/** The report as a document. */
export function documentSearch(found: FoundMail, place: SearchPlace): object {
  const { archives, searched, hits, problems, warnings } = found;
  const isOfOne = new Set(hits.map(({ archive }) => archive)).size === 1;

  return document('search', {
    archives,
    searched,
    messages: hits.map((hit) => documentHit(hit, place)),
    problems,
    warnings,
    recover: isOfOne ? recoverCommand(hits, place) : null,
  });
}

function documentHit(hit: MailHit, place: SearchPlace): object {
  const { name, from, to, subject, messageId, date, sizeBytes } = hit;
  const { lastSeen, goneSince, isGoneKnown, isLive, archive } = hit;

  return {
    ...{ name, from, to, subject, messageId, date: date ?? null, sizeBytes },
    ...{ lastSeen, goneSince: goneSince ?? null, isGoneKnown },
    isLive: isLive ?? null,
    archive,
    recover: recoverCommand([hit], place),
  };
}

/** The report for people: a table, what could not be read, and the commands that recover what was found. */
export function formatSearch(
  found: FoundMail,
  place: SearchPlace,
  columns = USUAL_COLUMNS,
): string {
  const { hits, problems, isOnePoint } = found;
  const table = isOnePoint ? formatHits(hits) : formatSightings(hits, columns);
  const lines = [...table, describeCounts(found)];
  const [first] = problems;

  if (first) {
    lines.push(
      `Unreadable  ${plural(problems.length, 'message')}, first ${plainText(first.name)}: ${first.reason}`,
    );
  }

  const commands = recoverLines(hits, place);
  if (commands.length > 0) lines.push('', ...commands);

  return lines.join('\n');
}

function describeCounts({
  hits,
  searched,
  archives,
  isOnePoint,
}: FoundMail): string {
  const counts = `${plural(hits.length, 'message')} found, ${plural(searched, 'message')} searched`;

  return isOnePoint
    ? counts
    : `${counts} in ${plural(archives.length, 'archive')}`;
}

function formatHits(hits: readonly MailHit[]): string[] {
  if (hits.length === 0) return [];

  const rows = hits.map((hit) => [
    formatDate(hit),
    plainText(hit.from),
    plainText(hit.subject),
    formatSize(hit.sizeBytes),
    plainText(hit.name),
  ]);

  return [
    ...formatTable([['DATE', 'FROM', 'SUBJECT', 'SIZE', 'MESSAGE'], ...rows]),
    '',
  ];
}

/** Two lines a message, so that a terminal of 80 columns has room for them; a long name stands on a third. */
function formatSightings(hits: readonly MailHit[], columns: number): string[] {
  if (hits.length === 0) return [];

  const rows = hits.map((hit) => [
    formatDate(hit),
    plainText(hit.from),
    plainText(hit.subject),
  ]);
  const heads = formatHeads([['DATE', 'FROM', 'SUBJECT'], ...rows]);

  const sightings = [
    formatSighting('LAST SEEN', 'GONE SINCE', 'LIVE'),
    ...hits.map((hit) =>
      formatSighting(
        formatMinute(hit.lastSeen),
        formatGone(hit),
        formatLive(hit),
      ),
    ),
  ];

  const names = ['MESSAGE', ...hits.map(({ name }) => plainText(name))];

  return [
    ...names.flatMap((name, row) => [
      heads[row] ?? '',
      ...withName(sightings[row] ?? '', name, columns),
    ]),
    '',
  ];
}

/** A line each; a long sender moves his own subject alone. */
function formatHeads(rows: readonly (readonly string[])[]): string[] {
  const dateColumns = widest(rows, 0);
  const fromColumns = Math.min(widest(rows, 1), FROM_COLUMNS);

  return rows.map(([date = '', from = '', subject = '']) => {
    const cells = [
      padToWidth(date, dateColumns),
      padToWidth(from, fromColumns),
      subject,
    ];

    return cells.join('  ');
  });
}

function widest(rows: readonly (readonly string[])[], column: number): number {
  let most = 0;

  for (const row of rows) {
    const width = textWidth(row[column] ?? '');
    most = Math.max(most, width);
  }

  return most;
}

/** Cells of one width, whatever they hold: the name behind them begins in one column. */
function formatSighting(seen: string, gone: string, live: string): string {
  return `  ${seen.padEnd(16)}  ${gone.padEnd(16)}  ${live.padEnd(4)}  `;
}

function withName(sighting: string, name: string, columns: number): string[] {
  return textWidth(sighting + name) <= columns
    ? [sighting + name]
    : [sighting.trimEnd(), `    ${name}`];
}

function formatDate({ date }: MailHit): string {
  return date ? formatMinute(date) : '-';
}

function formatGone({ goneSince, isGoneKnown }: MailHit): string {
  if (goneSince) return formatMinute(goneSince);

  return isGoneKnown ? '-' : 'not known';
}

function formatLive({ isLive }: MailHit): string {
  if (isLive === undefined) return '?';

  return isLive ? 'yes' : 'no';
}
