import { findHeaderEnd, unfoldLines } from './header-block.js';

const PART_START = Buffer.from('\n--');
/** Headers of one part that are longer than this are no attachment's. */
const PART_HEADER_LIMIT_BYTES = 64 * 1024;

/**
 * The message without the bodies of its base64 attachments: everything that is read as text stays, and so do all part
 * headers. Base64 holds no hyphen (RFC 4648 §4), so such a body ends at the next line that starts with `--`.
 * Attachments are most of a mail store's bytes; not decoding them is what makes a search for text quick.
 */
export function withoutAttachments(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  let keptTo = 0;
  let partAt = 0;

  while (partAt >= 0) {
    const bodyAt = attachmentBodyAt(bytes, partAt);
    const nextAt = bytes.indexOf(PART_START, Math.max(bodyAt ?? 0, partAt));

    if (bodyAt !== undefined) {
      kept.push(bytes.subarray(keptTo, bodyAt));
      keptTo = nextAt < 0 ? bytes.length : nextAt;
    }

    partAt = nextAt < 0 ? -1 : nextAt + PART_START.length;
  }

  if (kept.length === 0) return bytes;

  kept.push(bytes.subarray(keptTo));

  return Buffer.concat(kept);
}

/** Where the body of the part at `partAt` starts (its blank line), or undefined where the part is read as text. */
function attachmentBodyAt(bytes: Buffer, partAt: number): number | undefined {
  const window = bytes.subarray(partAt, partAt + PART_HEADER_LIMIT_BYTES);
  const text = window.toString('latin1');
  // A part begins after its boundary's dashes: the rest of that line is no header.
  const linesAt = partAt === 0 ? 0 : text.indexOf('\n') + 1;

  const found = findHeaderEnd(
    text.slice(linesAt),
    partAt + window.length === bytes.length,
  );

  if (!found) return undefined;

  const header = unfoldLines(text.slice(linesAt, linesAt + found.end)).join(
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
    : partAt + linesAt + found.end;
}
