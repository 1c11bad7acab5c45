import { findHeaderEnd, unfoldLines } from './header-block.js';

const PART_START = Buffer.from('\n--');
/** The longest name of a header, with its colon. */
const FIELD_BYTES = 100;
/** A part with longer headers counts as text. */
const PART_HEADER_LIMIT_BYTES = 64 * 1024;

/**
 * Returns a message without the bodies of its base64 attachments. All text and all part headers stay. Base64 holds no hyphen
 * (RFC 4648 §4), so that an attachment's body ends at the next line that starts with `--`.
 * Attachments are most of a mail store's bytes: a search for text is quick because it does not decode them.
 */
export function withoutAttachments(bytes: Buffer): Buffer {
  const stretches: Buffer[] = [];
  let stretchAt = 0;
  let partAt = 0;

  while (partAt >= 0) {
    const bodyAt = attachmentBodyAt(bytes, partAt);
    const nextAt = bytes.indexOf(PART_START, Math.max(bodyAt ?? 0, partAt));

    if (bodyAt !== undefined) {
      stretches.push(bytes.subarray(stretchAt, bodyAt));
      stretchAt = nextAt < 0 ? bytes.length : nextAt;
    }

    partAt = nextAt < 0 ? -1 : nextAt + PART_START.length;
  }

  if (stretches.length === 0) return bytes;

  stretches.push(bytes.subarray(stretchAt));

  return Buffer.concat(stretches);
}

/** Returns the start of an attachment's body (its blank line), or undefined where the part is text. */
function attachmentBodyAt(bytes: Buffer, partAt: number): number | undefined {
  if (!beginsPart(bytes, partAt)) return undefined;

  const window = bytes.subarray(partAt, partAt + PART_HEADER_LIMIT_BYTES);
  const text = window.toString('latin1');
  // The part begins behind the dashes of its boundary: the rest of that line is no header.
  const linesAt = partAt === 0 ? 0 : text.indexOf('\n') + 1;

  const headerEnd = findHeaderEnd(
    text.slice(linesAt),
    partAt + window.length === bytes.length,
  );

  if (!headerEnd) return undefined;

  const header = unfoldLines(text.slice(linesAt, linesAt + headerEnd.end)).join(
    '\n',
  );
  if (!/^content-transfer-encoding:\s*"?base64/im.test(header)) {
    return undefined;
  }

  const type =
    /^content-type:\s*"?([^\s/;]+)\//im.exec(header)?.[1]?.toLowerCase() ??
    'text';

  return ['text', 'multipart', 'message'].includes(type)
    ? undefined
    : partAt + linesAt + headerEnd.end;
}

/** Says whether headers may follow: text has many lines of dashes, and a look at each must not take long. */
function beginsPart(bytes: Buffer, partAt: number): boolean {
  if (partAt === 0) return true;

  const newline = bytes.indexOf('\n', partAt);
  const start = bytes.toString(
    'latin1',
    newline + 1,
    newline + 1 + FIELD_BYTES,
  );

  return newline >= 0 && /^[!-9;-~]+[ \t]*:/.test(start);
}
