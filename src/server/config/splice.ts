/** Pieces of text that are put into a configuration file, each where it tears no line. */
import type { ConfigSection } from './document.js';
import { type ConfigStyle, leadOf } from './style.js';

/** One piece of text put in the place of another. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with every piece in its place. */
export function spliceText(text: string, splices: readonly Splice[]): string {
  const lastFirst = splices.toSorted((a, b) => b.start - a.start);

  return lastFirst.reduce(
    (result, { start, end, text: piece }) =>
      result.slice(0, start) + piece + result.slice(end),
    text,
  );
}

/** At the end of the line where only blanks and comments follow, so that no line is torn. */
export function insertBehind(
  text: string,
  span: { readonly end: number },
  piece: string,
): Splice {
  const rest = /^[ \t]*(?:<!--(?:(?!-->)[^\r\n])*-->[ \t]*)*(?=[\r\n]|$)/.exec(
    text.slice(span.end),
  );
  const at = span.end + (/^[\r\n]/.test(piece) ? (rest?.[0].length ?? 0) : 0);

  return { start: at, end: at, text: piece };
}

/** The first child of an empty element: on a line of its own. */
export function insertOnly(
  text: string,
  holder: Pick<ConfigSection, 'span' | 'content'> & { readonly tag: string },
  indented: string,
  style: ConfigStyle,
): Splice {
  const { span, content } = holder;
  const closing = style.eol + leadOf(text, span.start).replace(/^[\r\n]+/, '');

  if (!content) {
    const tail = /\s*\/>$/.exec(text.slice(span.start, span.end))?.[0] ?? '';
    return {
      start: span.end - tail.length,
      end: span.end,
      text: `>${style.eol}${indented}${closing}</${holder.tag}>`,
    };
  }

  const ownBreak = /^[ \t]*(\r\n|\n|\r)/.exec(
    text.slice(content.start, content.end),
  );
  if (!ownBreak) {
    return {
      start: content.start,
      end: content.start,
      text: style.eol + indented + closing,
    };
  }

  const at = content.start + ownBreak[0].length - (ownBreak[1]?.length ?? 0);

  return { start: at, end: at, text: (ownBreak[1] ?? style.eol) + indented };
}
