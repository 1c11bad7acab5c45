/** Where a message's headers end (RFC 5322 §2.1), in the messages that there are. Pure. */

/** A line and its end. CR alone ends one too, and so do several CR before LF, which a careless relay leaves. */
const LINE = /([^\r\n]*)(\r*\n|\r|$)/y;
const BARE_CR = /\r(?!\n)/;
/** Anything but a field, a continuation or the second half of CRLF. */
const ODD_LINE = /^(?![!-9;-~]+[ \t]*:|[ \t\n]|>?From )/m;
/** A field's name and colon, or the line that begins a message of an mbox. */
const FIELD = /^(?:[!-9;-~]+[ \t]*:|>?From )/;

/** Where the header block of some text ends, and where what follows it begins: a blank line may lie between. */
export interface HeaderEnd {
  readonly end: number;
  readonly next: number;
}

/**
 * The end of the headers: a blank line, or without one the first line that is neither a field nor a field's
 * continuation. Such a line among fields, with more of these up to the blank line, is passed over. Undefined where the text
 * ends before; a message's own end ends its headers too.
 * @param text bytes, one character each
 */
export function findHeaderEnd(
  text: string,
  isWhole: boolean,
): HeaderEnd | undefined {
  return findPlainEnd(text) ?? findEndByLine(text, isWhole);
}

/** The end of nearly all headers, found without a look at each line: undefined where anything in them is odd. */
function findPlainEnd(text: string): HeaderEnd | undefined {
  const [lf, crlf] = [text.indexOf('\n\n'), text.indexOf('\n\r\n')];
  if (lf < 0 && crlf < 0) return undefined;

  const isLf = crlf < 0 || (lf >= 0 && lf < crlf);
  const end = (isLf ? lf : crlf) + 1;
  // What ends the last field's line is none of the block: a line that begins after its CR would look odd.
  const block = text.slice(0, text[end - 2] === '\r' ? end - 2 : end - 1);
  if (BARE_CR.test(block) || ODD_LINE.test(block)) return undefined;

  return { end, next: end + (isLf ? 1 : 2) };
}

function findEndByLine(text: string, isWhole: boolean): HeaderEnd | undefined {
  for (let at = 0; at < text.length;) {
    const { line, next, hasEnd } = lineAt(text, at);
    if (!hasEnd && !isWhole) return undefined;
    if (line === '') return { end: at, next };

    if (!isHeaderLine(line, at)) {
      const resumed = resumesAfter(text, next);
      if (!resumed) return { end: at, next: at };
    }

    at = next;
  }

  return isWhole ? { end: text.length, next: text.length } : undefined;
}

function isHeaderLine(line: string, at: number): boolean {
  return (
    FIELD.test(line) ||
    (at > 0 && (line.startsWith(' ') || line.startsWith('\t')))
  );
}

/** Whether the headers go on: fields up to a blank line. */
function resumesAfter(text: string, from: number): boolean {
  let fields = 0;
  for (let at = from; at < text.length;) {
    const { line, next } = lineAt(text, at);
    if (line === '') return fields > 0;
    if (!isHeaderLine(line, at)) return false;

    fields++;
    at = next;
  }

  return false;
}

function lineAt(
  text: string,
  at: number,
): { line: string; next: number; hasEnd: boolean } {
  LINE.lastIndex = at;

  const match = LINE.exec(text);
  const end = match?.[2] ?? '';
  // At the end of a window, a CR may be the first half of CRLF.
  const hasEnd =
    end.endsWith('\n') ||
    (end === '\r' && at + (match?.[0].length ?? 0) < text.length);

  return {
    line: match?.[1] ?? '',
    next: at + Math.max(1, match?.[0].length ?? 1),
    hasEnd,
  };
}

/** The lines of a header block, each field on one: continuations are joined by a space (RFC 5322 §2.2.3). */
export function unfoldLines(block: string): string[] {
  const lines: string[] = [];
  for (const line of block.split(/\r*\n|\r/)) {
    if (lines.length > 0 && /^[ \t]/.test(line)) {
      lines.push(`${lines.pop() ?? ''} ${line.trim()}`);
    } else {
      lines.push(line);
    }
  }

  return lines;
}
