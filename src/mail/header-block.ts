/** Finds the end of a message's headers (RFC 5322 §2.1), also in messages that break the rules. Pure. */

/** A line and its end. A CR alone ends a line too, and so do several CR before LF, which a careless relay leaves. */
const LINE = /([^\r\n]*)(\r*\n|\r|$)/y;
const BARE_CR = /\r(?!\n)/;
/** A line that is no field, no continuation and no second half of CRLF. */
const ODD_LINE = /^(?!(?:\xef\xbb\xbf)?[!-9;-~]+[ \t]*:|[ \t\n]|>?From )/m;
/** A field's name and colon, or the line that begins a message of an mbox. */
const FIELD = /^(?:(?:\xef\xbb\xbf)?[!-9;-~]+[ \t]*:|>?From )/;
/** The mark of UTF-8 that editors put before the first line. */
export const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/** The place where a header block ends. */
export interface HeaderEnd {
  /** Offset behind the last header line. */
  readonly end: number;
  /** Offset of the body: behind the blank line, where there is one. */
  readonly next: number;
}

/**
 * Finds the end of the headers: a blank line, or without one the first line that is neither a field nor a field's
 * continuation. A line of neither kind is passed over where fields follow it up to the blank line.
 * Returns undefined where the text ends within the headers; the end of a whole message ends its headers too.
 * @param text bytes, one character each
 * @param isWhole the text is the whole message, not its first bytes
 */
export function findHeaderEnd(
  text: string,
  isWhole: boolean,
): HeaderEnd | undefined {
  return findPlainEnd(text) ?? findEndByLine(text, isWhole);
}

/** Finds the end of regular headers without a look at each line. Returns undefined where a line of them is odd. */
function findPlainEnd(text: string): HeaderEnd | undefined {
  const lf = text.indexOf('\n\n');
  const crlf = text.indexOf('\n\r\n');
  if (lf < 0 && crlf < 0) return undefined;

  const isLf = crlf < 0 || (lf >= 0 && lf < crlf);
  const end = (isLf ? lf : crlf) + 1;
  // The block ends before the last line's CR: what follows a CR would count as an odd line.
  const block = text.slice(0, text[end - 2] === '\r' ? end - 2 : end - 1);
  if (BARE_CR.test(block) || ODD_LINE.test(block)) return undefined;

  return { end, next: end + (isLf ? 1 : 2) };
}

function findEndByLine(text: string, isWhole: boolean): HeaderEnd | undefined {
  for (let at = 0; at < text.length;) {
    const { line, next, hasEnd } = readLine(text, at);
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

/** Says whether only fields follow, up to a blank line. */
function resumesAfter(text: string, from: number): boolean {
  let fields = 0;
  for (let at = from; at < text.length;) {
    const { line, next } = readLine(text, at);
    if (line === '') return fields > 0;
    if (!isHeaderLine(line, at)) return false;

    fields++;
    at = next;
  }

  return false;
}

interface Line {
  readonly line: string;
  readonly next: number;
  readonly hasEnd: boolean;
}

function readLine(text: string, at: number): Line {
  LINE.lastIndex = at;

  const [whole = '', line = '', end = ''] = LINE.exec(text) ?? [];
  // At the end of a window, a CR may be the first half of CRLF.
  const isCr = end === '\r' && at + whole.length < text.length;

  return {
    line,
    next: at + Math.max(1, whole.length),
    hasEnd: isCr || end.endsWith('\n'),
  };
}

/** Ends lines with LF: where several CR stand before it, as a careless relay leaves, and where a CR alone ends them. */
export function toLineFeeds(text: string): string {
  return text.replace(/\r+\n?/g, (run) =>
    run.endsWith('\n') ? '\n' : '\n'.repeat(run.length),
  );
}

/** Returns the lines of a header block, each field in one line: continuations are joined by a space (RFC 5322 §2.2.3). */
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
