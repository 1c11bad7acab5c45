import type { ConfigDocument } from './document.js';

/**
 * The lines that an edit changes, as a person reads a diff: `-` the old, `+` the new, each with its line number.
 * Secrets of the server (`D3S:`, `SHA:`, `DES:`, `NUL:`) are masked. Pure.
 */
export function diffLines(
  before: ConfigDocument,
  after: ConfigDocument,
): string[] {
  const oldLines = linesOf(before);
  const newLines = linesOf(after);
  const lines: string[] = [];
  let place = { old: 0, new: 0 };

  while (place.old < oldLines.length || place.new < newLines.length) {
    const isSame =
      place.old < oldLines.length &&
      oldLines[place.old] === newLines[place.new];
    const next = isSame
      ? { old: place.old + 1, new: place.new + 1 }
      : resynchronize(oldLines, newLines, place);

    if (!isSame) {
      for (let at = place.old; at < next.old; at++) {
        lines.push(formatLine('-', at, oldLines[at] ?? ''));
      }

      for (let at = place.new; at < next.new; at++) {
        lines.push(formatLine('+', at, newLines[at] ?? ''));
      }
    }

    place = next;
  }

  return lines;
}

function linesOf({ source }: ConfigDocument): string[] {
  return source.text.split(/\r\n|\n|\r/);
}

/** A line in each of both texts, counted from 0. */
interface Place {
  readonly old: number;
  readonly new: number;
}

/** Finds the next place where the lines of both texts agree, after the smallest step in both. */
function resynchronize(
  oldLines: readonly string[],
  newLines: readonly string[],
  place: Place,
): Place {
  const furthest = oldLines.length - place.old + newLines.length - place.new;

  for (let steps = 1; steps <= furthest; steps++) {
    for (let added = 0; added <= steps; added++) {
      const next = {
        old: place.old + steps - added,
        new: place.new + added,
      };

      if (next.old > oldLines.length || next.new > newLines.length) continue;
      if (agrees(oldLines, newLines, next)) return next;
    }
  }

  return { old: oldLines.length, new: newLines.length };
}

/** One equal line may be chance (`<listitem>`); three are not. */
function agrees(
  oldLines: readonly string[],
  newLines: readonly string[],
  place: Place,
): boolean {
  return [0, 1, 2].every(
    (offset) => oldLines[place.old + offset] === newLines[place.new + offset],
  );
}

function formatLine(sign: string, index: number, line: string): string {
  return `${sign}${String(index + 1).padStart(5)}  ${line.replace(/\b(D3S|SHA|DES|NUL):[^<]*/g, '$1:…')}`;
}
