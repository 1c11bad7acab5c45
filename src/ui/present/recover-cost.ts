import type { Losses } from '../../recover/cost.js';
import { formatCount, plural } from '../../platform/units.js';

/** The words for what a recover or a rollback costs. */

const LISTED_PATHS = 8;

export const LABEL_WIDTH = 10;

/** Lines below one label. */
export function labelled(
  label: string,
  lines: readonly string[],
  width = LABEL_WIDTH,
): string[] {
  return lines.map(
    (line, index) => (index === 0 ? label : '').padEnd(width) + line,
  );
}

/** `3 messages, 1 other file`. */
export function describeCounts(messages: number, files: number): string {
  const others = files - messages;
  const counts = [
    ...(messages > 0 ? [plural(messages, 'message')] : []),
    ...(others > 0 ? [plural(others, 'other file')] : []),
  ];

  return counts.length === 0 ? 'nothing' : counts.join(', ');
}

/** `1 other file, what cannot be looked at (2)`. */
export function otherLosses({ files, unlisted }: Losses): string[] {
  return [
    ...(files > 0 ? [plural(files, 'other file')] : []),
    ...(unlisted > 0
      ? [`what is in ${formatCount(unlisted)} that cannot be looked at`]
      : []),
  ];
}

export function describeMoves({
  movesBack,
}: {
  readonly movesBack: number;
}): string[] {
  return movesBack > 0
    ? [`${plural(movesBack, 'message')} back to where they were`]
    : [];
}

export function shorten(lines: readonly string[]): string[] {
  const more = lines.length - LISTED_PATHS;

  return more > 0
    ? [...lines.slice(0, LISTED_PATHS), `… and ${formatCount(more)} more`]
    : [...lines];
}
