import {
  padToWidth,
  terminalColumns,
  textWidth,
  wrapAfter,
} from './terminal-text.js';

/** Rows of cells; the first is that of the titles, where there are any. */
type Rows = readonly (readonly string[])[];

const GAP = 2;
/** A wider cell moves what stands behind it in its own row, and not the whole column. */
const WIDEST_COLUMN = 60;
const NARROWEST_COLUMN = 6;
/** Room for the beginning of a last cell, which may be a sentence. */
const LAST_COLUMNS = 12;

/** A table for whoever reads standard output: a terminal, or a pipe that takes any width. */
export function formatTable(
  rows: Rows,
  dispensable: readonly string[] = [],
): string[] {
  return fitTable(rows, dispensable, terminalColumns());
}

/**
 * A table that fits a terminal, and loses nothing. Columns go below their row, in the order of `dispensable` (their titles),
 * until the others fit; a cell that is too wide even so has what follows it on the next line.
 * @param columns undefined: one line a row, whatever its width
 */
export function fitTable(
  rows: Rows,
  dispensable: readonly string[],
  columns: number | undefined,
): string[] {
  if (columns === undefined) return wholeTable(rows);

  const natural = widthsOf(rows);
  if (sum(natural) + GAP * (natural.length - 1) <= columns) {
    return wholeTable(rows);
  }

  const [titles = []] = rows;
  const most = Math.max(NARROWEST_COLUMN, Math.floor(columns / 3));
  const widths = natural.map((width, column) =>
    column === natural.length - 1
      ? Math.min(width, textWidth(titles[column] ?? ''), LAST_COLUMNS)
      : Math.min(width, most),
  );
  const below = chooseBelow(titles, widths, dispensable, columns);
  const kept = titles.map((_, column) => column).filter(isNotIn(below));
  const fitted = narrowed(
    kept.map((column) => widths[column] ?? 0),
    columns,
  );

  return rows.flatMap((row, index) => [
    ...layRow(
      kept.map((column) => row[column] ?? ''),
      fitted,
      columns,
    ),
    ...(index === 0 ? [] : layBelow(row, titles, below, columns)),
  ]);
}

const isNotIn =
  (columns: readonly number[]) =>
  (column: number): boolean =>
    !columns.includes(column);

/** The columns that go below, as few as the others need. */
function chooseBelow(
  titles: readonly string[],
  widths: readonly number[],
  dispensable: readonly string[],
  columns: number,
): number[] {
  let needed = sum(widths) + GAP * (widths.length - 1);
  const below: number[] = [];

  for (const title of dispensable) {
    if (needed <= columns) break;

    const column = titles.indexOf(title);
    if (column === -1) continue;

    needed -= (widths[column] ?? 0) + GAP;
    below.push(column);
  }

  return below.sort((a, b) => a - b);
}

/** Takes from the widest columns what a terminal has no room for. */
function narrowed(widths: readonly number[], columns: number): number[] {
  const narrow = [...widths];
  let excess = sum(narrow) + GAP * (narrow.length - 1) - columns;

  for (; excess > 0; excess--) {
    const widest = Math.max(...narrow);
    if (widest <= NARROWEST_COLUMN) break;

    narrow[narrow.indexOf(widest)] = widest - 1;
  }

  return narrow;
}

/** The lines of one row: each cell in its column, below where the one before it has taken its place. */
function layRow(
  cells: readonly string[],
  widths: readonly number[],
  columns: number,
): string[] {
  const lines: string[] = [];
  let line = '';
  let start = 0;

  cells.forEach((cell, column) => {
    if (cell !== '') {
      if (start > 0 && textWidth(line) > start - GAP) {
        lines.push(line);
        line = '';
      }

      const laid = wrapAfter(padToWidth(line, start), cell, columns);
      lines.push(...laid.slice(0, -1));
      line = laid.at(-1) ?? '';
    }

    start += (widths[column] ?? 0) + GAP;
  });

  return [...lines, line];
}

/** `    SIZE 291.7 MiB  VOLUMES 1`: what has no column of its own. */
function layBelow(
  row: readonly string[],
  titles: readonly string[],
  below: readonly number[],
  columns: number,
): string[] {
  const indent = ' '.repeat(2 * GAP);
  const lines: string[] = [];
  let line = indent;

  for (const column of below) {
    const cell = row[column] ?? '';
    if (cell === '' || cell === '-') continue;

    const fact = `${titles[column] ?? ''} ${cell}`;
    const isFull = textWidth(line) + GAP + textWidth(fact) > columns;
    if (isFull && line !== indent) {
      lines.push(line);
      line = indent;
    }

    line += (line === indent ? '' : ' '.repeat(GAP)) + fact;
  }

  return line === indent ? lines : [...lines, line];
}

/** Columns as wide as their content, two spaces between, the last one not padded. */
function wholeTable(rows: Rows): string[] {
  const widths = widthsOf(rows);

  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = Math.min(widths[column] ?? 0, WIDEST_COLUMN);

        return column === row.length - 1 ? cell : padToWidth(cell, width);
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}

function widthsOf(rows: Rows): number[] {
  const widths: number[] = [];

  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, textWidth(cell));
    });
  }

  return widths;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
