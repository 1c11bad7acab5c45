/** Texts on a terminal: how wide they are, and their lines where they are too long for one. */

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;
const NO_WIDTH = /[\p{M}\u200b-\u200f]/u;
const COLOURS = /\x1b\[[0-9;]*m/g;
/** A command to copy, which the terminal itself breaks best. */
const COMMAND = /^ *kms-backup /;
/** Where a text begins, behind a label or a bullet. */
const TEXT_STARTS = /(?:^ *| {2,})(?:\* )?(?=\S)/g;
/** Less room than this behind a label is no room for a sentence. */
const SENTENCE_COLUMNS = 24;
const INDENT = '  ';

/** Returns the width of the terminal; undefined where the result goes into a file or a pipe, which take any width. */
export function terminalColumns(): number | undefined {
  const { isTTY, columns } = process.stdout;

  return isTTY && columns > 0 ? columns : undefined;
}

/** The columns that a text takes: an ideograph takes two, an accent and a colour none. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;

  let width = 0;
  for (const character of text.replaceAll(COLOURS, '')) {
    width += characterWidth(character);
  }

  return width;
}

function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0;

  return WIDE.test(character) ? 2 : 1;
}

/** As much of a text as fits into the columns of a terminal. */
export function cutToColumns(text: string, columns: number): string {
  let width = 0;
  let cut = '';

  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) return cut;

    cut += character;
  }

  return text;
}

/** A text with spaces behind it, up to a width. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** A printed text in lines that a terminal has room for; undefined: any width. */
export function fitText(text: string, columns = terminalColumns()): string {
  if (columns === undefined || columns <= 0) return text;

  return text
    .split('\n')
    .flatMap((line) => fitLine(line, columns))
    .join('\n');
}

function fitLine(line: string, columns: number): string[] {
  if (textWidth(line) <= columns || COMMAND.test(line)) return [line];

  let start = 0;

  for (const { index, 0: gap } of line.matchAll(TEXT_STARTS)) {
    const end = index + gap.length;
    const width = textWidth(line.slice(0, end));
    if (width <= columns / 2) start = end;
  }

  const head = line.slice(0, start);
  const text = line.slice(start);

  return wrapAfter(head, text, columns);
}

/**
 * A text behind what stands before it, its further lines below its first. Words stay whole: one that is wider than the
 * terminal, such as a long path, has a line of its own and can be copied. Ideographs are broken anywhere, as they are written.
 */
export function wrapAfter(
  head: string,
  text: string,
  columns: number,
): string[] {
  const start = textWidth(head);
  if (start + textWidth(text) <= columns) return [head + text];

  const isNarrow = columns - start < Math.min(SENTENCE_COLUMNS, columns / 2);
  const words = wordsOf(text, columns - INDENT.length);
  if (!isNarrow) return wrapWords(head, words, ' '.repeat(start), columns);

  const isBelow = head.trim() !== '';
  const lines = wrapWords(isBelow ? INDENT : head, words, INDENT, columns);

  return isBelow ? [head.trimEnd(), ...lines] : lines;
}

/** Words in lines: the first begins with `head`, each further one with `indent`. */
function wrapWords(
  head: string,
  [first = '', ...words]: readonly string[],
  indent: string,
  columns: number,
): string[] {
  const lines: string[] = [];
  let line = head;

  const add = (word: string, gap: string): void => {
    const joined = line + gap + word;
    if (textWidth(joined) <= columns) {
      line = joined;

      return;
    }

    if (line.trim() !== '') lines.push(line.trimEnd());
    line = indentFor(word, indent, columns) + word;
  };

  add(first, '');
  for (const word of words) add(word, ' ');

  return line.trim() === '' ? lines : [...lines, line.trimEnd()];
}

/** A word that has no room below the others goes to the left. */
function indentFor(word: string, indent: string, columns: number): string {
  const width = textWidth(word);
  if (indent.length + width <= columns) return indent;

  return INDENT.length + width <= columns ? INDENT : '';
}

function wordsOf(text: string, columns: number): string[] {
  return text.split(' ').flatMap((word) => {
    const pieces: string[] = [];
    let rest = word;

    while (WIDE.test(rest) && textWidth(rest) > columns) {
      const piece = cutToColumns(rest, columns);
      pieces.push(piece);
      rest = rest.slice(piece.length);
    }

    return [...pieces, rest];
  });
}
