import { formatSize } from '../platform/units.js';
import { escapeHtml } from '../page/html.js';
import {
  durationMsOf,
  type ArchivePoint,
  type RunReport,
  type SkippedFile,
} from './run-report.js';
import { formatMoment } from '../platform/dates.js';
import { headline, summaryRows } from './run-summary.js';
import { terminalChart } from '../page/terminal-chart.js';

/** A mail's content, ready for any recipient. */
export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The status page, attached as a file; undefined: none. It is no part of what waits in the spool: it would be out of date. */
  readonly page?: string | undefined;
}

/** More lines than these make a mail that nobody reads; the rest is counted. */
const MOST_LINES = 50;
/** Mail programs wrap text beyond. */
const TEXT_COLUMNS = 72;

/** The mail that tells about a run: what needs attention first, then the summary, then the sizes. Pure. */
export function notificationFor(report: RunReport): MailContent {
  return {
    subject: subjectFor(report),
    text: textFor(report),
    html: htmlFor(report),
  };
}

function subjectFor(report: RunReport): string {
  const subject =
    `[kms-backup] ${report.hostname}: ${headline(report)}`.replace(/\s+/g, ' ');
  return subject.length <= 160 ? subject : `${subject.slice(0, 159)}…`;
}

/** The items that need attention, in titled lists; empty where there are none. */
function attention(report: RunReport): { title: string; lines: string[] }[] {
  const lists = [
    { title: 'Error', lines: report.error ? [report.error.message] : [] },
    { title: 'Try this', lines: [...(report.error?.hints ?? [])] },
    { title: 'Warnings', lines: [...report.warnings] },
    { title: 'Not in the archive', lines: skippedLines(report.skipped) },
  ];

  return lists
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) => ({ title, lines: cut(lines) }));
}

function skippedLines(skipped: readonly SkippedFile[]): string[] {
  return skipped.map(({ path, reason }) => `${path}: ${reason}`);
}

function cut(lines: string[]): string[] {
  const rest = lines.length - MOST_LINES;
  return rest > 0
    ? [
        ...lines.slice(0, MOST_LINES),
        `and ${String(rest)} more; the run's --json report has all`,
      ]
    : lines;
}

function textFor(report: RunReport): string {
  const parts = [headline(report)];
  for (const { title, lines } of attention(report)) {
    parts.push(`${title}:\n${lines.map((line) => `  * ${line}`).join('\n')}`);
  }

  parts.push(
    summaryRows(report)
      .map(([label, text]) => `${label.padEnd(10)} ${text}`)
      .join('\n'),
  );

  if (report.recentArchives.length > 0) {
    parts.push(
      `Sizes\n${terminalChart(report.recentArchives, { columns: TEXT_COLUMNS, isUnicode: true }).join('\n')}`,
    );
  }

  return `${parts.join('\n\n')}\n`;
}

const COLOURS = {
  done: '#1a7f37',
  incomplete: '#9a6700',
  failed: '#b42318',
} as const;
const FONT =
  'font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.45;color:#1f2328';

/** Tables and inline styles only: mail clients drop style sheets, SVG and scripts. */
function htmlFor(report: RunReport): string {
  const lists = attention(report).map(
    ({ title, lines }) =>
      `<h2 style="font-size:15px;margin:16px 0 4px">${title}</h2><ul style="margin:0;padding-left:20px">` +
      `${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`,
  );

  const rows = summaryRows(report).map(
    ([label, text]) =>
      `<tr><th scope="row" align="left" valign="top" style="padding:2px 14px 2px 0;font-weight:normal;color:#57606a">${label}</th>` +
      `<td style="padding:2px 0">${escapeHtml(text)}</td></tr>`,
  );

  return [
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeHtml(subjectFor(report))}</title></head><body style="margin:0;padding:16px;background:#ffffff;${FONT}">`,
    `<h1 style="font-size:18px;margin:0;padding:10px 14px;color:#ffffff;background:${COLOURS[report.outcome]}">`,
    `${escapeHtml(headline(report))}</h1>`,
    ...lists,
    `<h2 style="font-size:15px;margin:16px 0 4px">Summary</h2><table style="border-collapse:collapse;${FONT}">${rows.join('')}</table>`,
    report.recentArchives.length > 0 ? htmlChart(report.recentArchives) : '',
    `<p style="color:#57606a;font-size:12px">${escapeHtml(closing(report))}</p></body></html>`,
  ].join('\n');
}

/** Bars of table cells with a background: the one chart that every mail client draws. */
function htmlChart(archives: readonly ArchivePoint[]): string {
  const largest = Math.max(1, ...archives.map(({ sizeBytes }) => sizeBytes));
  const rows = archives.map(({ name, type, sizeBytes }) => {
    const percent = Math.max(1, Math.round((sizeBytes / largest) * 100));
    const colour = type === 'differential' ? '#8250df' : '#0969da';
    const rest =
      percent < 100 ? `<td style="width:${String(100 - percent)}%"></td>` : '';

    return (
      `<tr><td style="padding:2px 10px 2px 0;white-space:nowrap">${escapeHtml(name)}</td>` +
      `<td align="right" style="padding:2px 10px 2px 0;white-space:nowrap">${formatSize(sizeBytes)}</td>` +
      `<td style="width:220px"><table role="presentation" width="220" cellpadding="0" cellspacing="0"><tr>` +
      `<td bgcolor="${colour}" style="width:${String(percent)}%;background:${colour};font-size:10px">&nbsp;</td>${rest}` +
      `</tr></table></td></tr>`
    );
  });

  return (
    `<h2 style="font-size:15px;margin:16px 0 4px">Sizes of the last archives</h2>` +
    `<table style="border-collapse:collapse;${FONT}">${rows.join('')}</table>`
  );
}

function closing(report: RunReport): string {
  const seconds = Math.round(durationMsOf(report) / 1000);
  return `kms-backup, ${report.command} on ${report.hostname}, ended ${formatMoment(report.finishedAt)} after ${String(seconds)} s with exit code ${String(report.exitCode)}.`;
}
