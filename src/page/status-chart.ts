import { formatMoment } from '../platform/dates.js';
import { formatSize, plural } from '../platform/units.js';
import { escapeHtml } from './html.js';
import { TYPE_WORDS, type StatusArchive } from './status-facts.js';

const MOST_BARS = 60;
const WIDTH = 1000;
const HEIGHT = 240;
/** Left of the bars there is room for a size in the letters of a phone (STATUS_STYLE). */
const LEFT = 130;
const RIGHT = 8;
const TOP = 22;
const BOTTOM = 30;
const GRID_LINES = 4;

/** A bar chart of the last archives' sizes, oldest left, as inline SVG that a screen reader is told in one sentence. Pure. */
export function sizeChartSvg(archives: readonly StatusArchive[]): string {
  const shown = archives.slice(-MOST_BARS);
  const [first] = shown;
  const last = shown.at(-1);
  if (!first || !last) return '<p class="soft">No archive yet.</p>';

  const sizes = shown.map(({ sizeBytes }) => sizeBytes);
  const largest = Math.max(1, ...sizes);
  const top = niceMaximum(largest);
  const firstDay = dayOf(first.takenAt);
  const lastDay = dayOf(last.takenAt);

  const parts = [
    ...gridLines(top),
    ...shown.map((archive, index) => bar(archive, index, shown.length, top)),
  ];

  parts.push(label(LEFT, HEIGHT - 8, 'start', firstDay));
  if (shown.length > 1) {
    parts.push(label(WIDTH - RIGHT, HEIGHT - 8, 'end', lastDay));
  }

  const count = plural(shown.length, 'archive');
  const lastSize = formatSize(last.sizeBytes);
  const summary = `Sizes of ${count}, ${firstDay} to ${lastDay}; the last one is ${lastSize}.`;

  return (
    `<svg class="bars" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" aria-label="${escapeHtml(summary)}">` +
    `${parts.join('')}</svg>${KEY}`
  );
}

const KEY = `<p class="key">${Object.entries(TYPE_WORDS)
  .map(([type, { word }]) => `<span><i class="${type}"></i>${word}</span>`)
  .join('')}</p>`;

function gridLines(top: number): string[] {
  return Array.from({ length: GRID_LINES + 1 }, (_, index) => {
    const bytes = (top / GRID_LINES) * index;
    const y = yOf(bytes, top).toFixed(1);
    const size = formatSize(Math.round(bytes));

    return (
      `<line class="grid" x1="${String(LEFT)}" x2="${String(WIDTH - RIGHT)}" y1="${y}" y2="${y}"/>` +
      label(LEFT - 8, Number(y) + 4, 'end', size)
    );
  });
}

function bar(
  archive: StatusArchive,
  index: number,
  count: number,
  top: number,
): string {
  const step = (WIDTH - LEFT - RIGHT) / count;
  const width = Math.min(60, step * 0.75);
  const x = LEFT + step * index + (step - width) / 2;
  const base = HEIGHT - BOTTOM;
  const y = Math.min(yOf(archive.sizeBytes, top), base - 2);
  const height = base - y;

  const taken = formatMoment(archive.takenAt);
  const size = formatSize(archive.sizeBytes);
  const title = `${archive.name}, ${taken}, ${size}`;

  return (
    `<rect class="${archive.type}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" ` +
    `height="${height.toFixed(1)}" rx="2"><title>${escapeHtml(title)}</title></rect>`
  );
}

function yOf(bytes: number, top: number): number {
  const base = HEIGHT - BOTTOM;
  const share = bytes / top;

  return base - share * (base - TOP);
}

function label(x: number, y: number, anchor: string, text: string): string {
  return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`;
}

/** A power of two, or three quarters of one, at or above: both divide into four parts with round labels. */
function niceMaximum(bytes: number): number {
  let maximum = 1024;
  while (maximum < bytes) {
    maximum *= 2;
  }

  const threeQuarters = maximum * 0.75;

  return bytes <= threeQuarters ? threeQuarters : maximum;
}

function dayOf(date: Date): string {
  const moment = formatMoment(date);

  return moment.slice(0, 10);
}
