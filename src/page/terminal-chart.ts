import { formatSize } from '../platform/units.js';
import type { ArchivePoint } from '../report/run-report.js';

const MOST_ROWS = 10;
const LEAST_BAR_CELLS = 10;
/** Eighths of a cell, so that small differences show. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** The width of the chart, and the characters that the terminal can show. */
export interface ChartOptions {
  readonly columns: number;
  readonly isUnicode: boolean;
}

/**
 * The last archives, newest last, one line each: name, size and a bar against the largest. No line is longer than
 * `columns`, as long as those leave ten cells for the bar. Pure.
 */
export function terminalChart(
  archives: readonly ArchivePoint[],
  { columns, isUnicode }: ChartOptions,
): string[] {
  const shown = archives.slice(-MOST_ROWS);
  const largest = Math.max(1, ...shown.map(({ sizeBytes }) => sizeBytes));
  const nameWidth = Math.max(0, ...shown.map(({ name }) => name.length));

  const sizeWidth = Math.max(
    0,
    ...shown.map(({ sizeBytes }) => formatSize(sizeBytes).length),
  );

  const cells = Math.min(
    60,
    Math.max(LEAST_BAR_CELLS, columns - nameWidth - sizeWidth - 4),
  );

  return shown.map(({ name, sizeBytes }) => {
    const bar = barOf((sizeBytes / largest) * cells, isUnicode);
    return `${name.padEnd(nameWidth)}  ${formatSize(sizeBytes).padStart(sizeWidth)}  ${bar}`.trimEnd();
  });
}

function barOf(length: number, isUnicode: boolean): string {
  if (!isUnicode) {
    return '#'.repeat(Math.max(length > 0 ? 1 : 0, Math.round(length)));
  }

  const eighths = Math.max(length > 0 ? 1 : 0, Math.round(length * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
