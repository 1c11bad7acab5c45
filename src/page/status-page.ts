import { formatMinute, formatMoment } from '../platform/dates.js';
import { formatCount, formatSize, plural } from '../platform/units.js';
import { escapeHtml } from './html.js';
import { verdictHtml } from './status-verdict.js';
import { calendarHtml } from './status-calendar.js';
import { glanceHtml } from './status-cards.js';
import { sizeChartSvg } from './status-chart.js';
import {
  TYPE_WORDS,
  type MailboxSize,
  type StatusArchive,
  type StatusFacts,
} from './status-facts.js';
import { STATUS_STYLE } from './status-style.js';

const MOST_MAILBOXES = 100;
const MOST_FOLDERS = 30;

/**
 * The status as one HTML page that needs nothing else: no script, no picture, no font from elsewhere. Warnings come
 * first; what colour says is also said in words. Pure.
 */
export function statusPage(facts: StatusFacts): string {
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Names in archives come from outside: whatever slipped through, nothing is loaded or run.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>Mail backup of ${escapeHtml(facts.hostname)}</title><style>${STATUS_STYLE}</style></head><body>`,
    `<header><h1>Mail backup of ${escapeHtml(facts.hostname)}</h1>${verdictHtml(facts)}</header><main>`,
    warnings(facts),
    section('At a glance', glanceHtml(facts)),
    section('Next runs', nextRuns(facts)),
    section(
      'Calendar',
      `${calendarHtml(facts.archives, facts.generatedAt)}<p class="soft">${CALENDAR_KEY}</p>`,
    ),
    section('Sizes over time', sizeChartSvg(facts.archives)),
    section('What can be recovered', archiveTable(facts)),
    section('Mailboxes by size', mailboxes(facts.mailboxes)),
    `</main><footer>${escapeHtml(footer(facts))}</footer></body></html>`,
    '',
  ].join('\n');
}

const CALENDAR_KEY =
  'F full, D differential, C copy. A struck-out day holds an archive that cannot be recovered.';

function section(title: string, body: string): string {
  const id = title.toLowerCase().replaceAll(' ', '-');
  return `<section aria-labelledby="${id}" tabindex="0"><h2 id="${id}">${title}</h2>${body}</section>`;
}

function warnings({ warnings: list }: StatusFacts): string {
  if (list.length === 0) return '';

  const items = list.map(({ severity, text, hint }) => {
    const word = severity === 'critical' ? 'Serious' : 'Warning';
    const advice =
      hint === undefined
        ? ''
        : ` <span class="soft">${escapeHtml(hint)}</span>`;
    return `<li><strong class="${severity}">${word}:</strong> ${escapeHtml(text)}${advice}</li>`;
  });

  return section('Warnings', `<ul>${items.join('')}</ul>`);
}

function archiveTable({ archives }: StatusFacts): string {
  if (archives.length === 0) {
    return '<p>There is no archive: nothing can be recovered.</p>';
  }

  const rows = archives.toReversed().map((archive) => {
    const cells = [
      formatMinute(archive.takenAt),
      { html: `${stateOf(archive)}${pinOf(archive)}` },
      TYPE_WORDS[archive.type].word,
      archive.name,
      archive.needs ?? 'nothing else',
      {
        number:
          archive.messages === undefined ? '?' : formatCount(archive.messages),
      },
      { number: formatSize(archive.sizeBytes) },
      { number: String(archive.volumes) },
      describeProof(archive),
    ];

    return row(cells, ARCHIVE_HEAD);
  });

  return `<div class="archives">${table('Newest first', ARCHIVE_HEAD, rows)}</div>`;
}

function stateOf({
  isRecoverable,
  isBeingWritten,
  problem,
}: StatusArchive): string {
  if (isRecoverable) return '<span class="good">yes</span>';

  const why = problem === undefined ? '' : `: ${escapeHtml(problem)}`;

  return isBeingWritten === true
    ? `not yet${why}`
    : `<strong class="critical">no</strong>${why}`;
}

function describeProof({ verifiedAt, drilled }: StatusArchive): string {
  const verified = verifiedAt ? formatMinute(verifiedAt) : 'never';

  return drilled === undefined ? verified : `${verified}, drilled ${drilled}`;
}

function pinOf({ pin }: StatusArchive): string {
  return pin === undefined ? '' : `; ${escapeHtml(pin)}`;
}

const ARCHIVE_HEAD = [
  'Point in time',
  'Recoverable',
  'Type',
  'Archive',
  'Needs',
  'Messages',
  'Size',
  'Volumes',
  'Verified',
] as const;

function mailboxes(list: readonly MailboxSize[]): string {
  if (list.length === 0) return '<p class="soft">Not measured.</p>';

  const sorted = list.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  const largest = Math.max(1, sorted[0]?.sizeBytes ?? 1);

  const rows = sorted.slice(0, MOST_MAILBOXES).map((mailbox) => {
    const percent = ((mailbox.sizeBytes / largest) * 100).toFixed(1);
    const cells = [
      { html: mailboxName(mailbox) },
      { number: formatCount(mailbox.messages) },
      { number: formatSize(mailbox.sizeBytes) },
      {
        html: `<div class="share" aria-hidden="true"><span style="width:${percent}%"></span></div>`,
      },
    ];

    return row(cells, MAILBOX_HEAD);
  });

  const rest = sorted.length - MOST_MAILBOXES;

  const more =
    rest > 0
      ? `<p class="soft">and ${plural(rest, 'smaller mailbox', 'smaller mailboxes')}</p>`
      : '';

  const caption = `${plural(list.length, 'mailbox', 'mailboxes')}, largest first`;

  return `<div class="mailboxes">${table(caption, MAILBOX_HEAD, rows)}</div>${more}`;
}

const MAILBOX_HEAD = ['Mailbox', 'Messages', 'Size', 'Share'] as const;

function mailboxName({ name, folders }: MailboxSize): string {
  if (folders.length === 0) return escapeHtml(name);

  const sorted = folders.toSorted((a, b) => b.sizeBytes - a.sizeBytes);

  const rows = sorted
    .slice(0, MOST_FOLDERS)
    .map((folder) =>
      row([
        folder.name,
        { number: formatCount(folder.messages) },
        { number: formatSize(folder.sizeBytes) },
      ]),
    );

  const caption =
    sorted.length > MOST_FOLDERS
      ? `The largest ${String(MOST_FOLDERS)} of ${plural(sorted.length, 'folder')}`
      : plural(sorted.length, 'folder');

  return `<details><summary>${escapeHtml(name)}</summary>${table(caption, ['Folder', 'Messages', 'Size'], rows)}</details>`;
}

function nextRuns({ nextRuns: runs }: StatusFacts): string {
  if (runs.length === 0) {
    return '<p><strong class="warning">No run is scheduled.</strong></p>';
  }

  const rows = runs.map(({ at, type, description }) =>
    row([formatMinute(at), TYPE_WORDS[type].word, description]),
  );
  return table('Soonest first', ['When', 'Type', 'Description'], rows);
}

type Cell = string | { readonly html: string } | { readonly number: string };

/** With `labels`, each cell carries its column's name: where a screen has no room for columns it stands before the cell. */
function row(cells: readonly Cell[], labels: readonly string[] = []): string {
  const tags = cells.map((cell, column) => {
    const label =
      labels[column] === undefined ? '' : ` data-label="${labels[column]}"`;
    if (typeof cell === 'string') return `<td${label}>${escapeHtml(cell)}</td>`;
    // One box for the whole content: beside the label it is one column of a grid.
    if ('html' in cell) return `<td${label}><div>${cell.html}</div></td>`;
    return `<td class="number"${label}>${escapeHtml(cell.number)}</td>`;
  });

  return `<tr>${tags.join('')}</tr>`;
}

function table(
  caption: string,
  head: readonly string[],
  rows: readonly string[],
): string {
  const numbers = new Set(['Messages', 'Size', 'Volumes']);
  const tags = head.map(
    (name) =>
      `<th scope="col"${numbers.has(name) ? ' class="number"' : ''}>${name}</th>`,
  );

  return `<table><caption>${caption}</caption><thead><tr>${tags.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function footer({
  generatedAt,
  backupDir,
  storeDir,
  version,
}: StatusFacts): string {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `kms-backup ${version}, ${formatMoment(generatedAt)}; times are those of ${zone}. Store ${storeDir}, backup directory ${backupDir}.`;
}
