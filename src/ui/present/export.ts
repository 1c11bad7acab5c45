import type { Missing } from '../../archive/salvage/missing.js';
import type { ExportReport } from '../../export/export-messages.js';
import type { Unsearched } from '../../jobs/export-mail.js';
import { formatSize, plural } from '../../platform/units.js';
import { document } from '../document.js';
import { formatLost } from './lost.js';

/** Formats the exported messages, and the number of Outlook's hidden items that were left out. */
export function formatExport(
  report: ExportReport,
  hiddenItems: number,
): string {
  const { messages, sizeBytes, format, output } = report;
  const lines = [
    `Exported  ${plural(messages, 'message')}, ${formatSize(sizeBytes)}, as ${format} to ${output}`,
  ];

  if (hiddenItems > 0) {
    lines.push(
      `Left out  ${plural(hiddenItems, 'hidden item')} of Outlook (#assoc): settings, no messages`,
    );
  }

  return lines.join('\n');
}

/** A message of which nobody knows whether it was meant. */
export function formatUnsearched({ name, reason }: Unsearched): string {
  return `not searched, it is damaged: ${name}: ${reason}`;
}

/** What damage kept a salvage from exporting. */
export interface ExportLoss {
  readonly lost: readonly Missing[];
  /** Where the list of it lies. */
  readonly missingList: string | null;
}

export function formatExportLoss(
  { lost, missingList }: ExportLoss,
  isVerbose: boolean,
): string[] {
  const list = missingList === null ? [] : [`List      ${missingList}`];

  return [...formatLost(lost, { isVerbose }), ...list];
}

/** The same as a document. */
export function documentExport(
  report: ExportReport,
  {
    lost,
    missingList,
    warnings,
  }: ExportLoss & {
    readonly warnings: readonly string[];
  },
): object {
  const missing = lost.map(({ name }) => name);

  return document('export', {
    ...report,
    missing,
    lost,
    missingList,
    warnings,
  });
}
