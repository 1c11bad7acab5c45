/** The report of a run that proves archives, for mail to people and for metrics, calls and pings of monitoring. Pure data. */
import { escapeHtml } from '../page/html.js';
import { formatMoment } from '../platform/dates.js';
import type { MailContent } from './notification.js';

export interface CheckReport {
  readonly schema: 'kms-backup/check/1';
  readonly command: 'verify' | 'drill';
  /** The machine it ran on. */
  readonly host: string;
  /** The backup directory or bucket. */
  readonly place: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly exitCode: number;
  readonly outcome: 'done' | 'incomplete' | 'failed';
  /** What it printed, or why it failed. */
  readonly text: string;
}

const HEADLINES: Readonly<Record<CheckReport['outcome'], string>> = {
  done: 'done, all is sound',
  incomplete: 'done in part',
  failed: 'FAILED',
};

/** `verify FAILED` */
export function checkHeadline({ command, outcome }: CheckReport): string {
  return `${command} ${HEADLINES[outcome]}`;
}

/** The mail that tells about it: the verdict, then what was printed. Pure. */
export function checkMail(report: CheckReport): MailContent {
  const subject = `[kms-backup] ${report.host}: ${checkHeadline(report)}`;
  const closing = `${report.place}, ended ${formatMoment(report.finishedAt)} with exit code ${report.exitCode}.`;
  const text = `${checkHeadline(report)}\n\n${report.text}\n\n${closing}\n`;
  const html = [
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeHtml(subject)}</title></head><body>`,
    `<h1 style="font-size:18px">${escapeHtml(checkHeadline(report))}</h1>`,
    `<pre>${escapeHtml(report.text)}</pre>`,
    `<p>${escapeHtml(closing)}</p></body></html>`,
  ].join('\n');

  return { subject, text, html };
}
