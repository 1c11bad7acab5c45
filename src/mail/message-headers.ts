/**
 * mail/ reads messages and formats them for an export: headers, text, dates, charsets, mbox and Maildir. It reads no store and
 * no archive, and opens no file. Start here, with the headers; then mime-text.ts (text) and message-query.ts (searches).
 */
import { decodeText, knownCharset } from './charset.js';
import { decodeEncodedWords } from './encoded-words.js';
import { guessCharset } from './guess-charset.js';
import { BYTE_ORDER_MARK, findHeaderEnd, unfoldLines } from './header-block.js';
import { parseMessageDate } from './message-date.js';

/** The longest header block that is read: of a longer one, the rest is left out. */
export const HEADER_LIMIT_BYTES = 256 * 1024;
const HEADER_WINDOW_BYTES = 8192;
const CHARSET = /charset\s*=\s*"?([^\s";]+)/i;
/** Letters of other charsets, and the escape that switches to one. */
const NOT_ASCII = /[\x1b\x80-\xff]/;

/** The headers by which people recognise a message, decoded. A missing header is empty. */
export interface MessageHeaders {
  readonly from: string;
  /** All To headers, joined with a comma. */
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
  readonly subject: string;
  /** Without its angle brackets. */
  readonly messageId: string;
  /** The Date header, else the newest Received header; undefined where neither names an instant. */
  readonly date: Date | undefined;
}

const WANTED = new Set([
  'from',
  'to',
  'cc',
  'bcc',
  'subject',
  'message-id',
  'date',
  'received',
  'content-type',
]);

/** Says whether the header block ends within these bytes, so that `readMessageHeaders` needs no more of the message. */
export function holdsAllHeaders(bytes: Buffer): boolean {
  return (
    bytes.length >= HEADER_LIMIT_BYTES ||
    findHeaderEnd(bytes.toString('latin1'), false) !== undefined
  );
}

/**
 * Reads the headers of a raw message (RFC 5322). Unfolds them, and decodes RFC 2047 words and bytes above 127, as UTF-8 or
 * else in the message's own charset. Never throws: text without headers gives empty ones. The first of several headers
 * counts, where a message may have only one.
 */
export function readMessageHeaders(bytes: Buffer): MessageHeaders {
  const fields = readFields(headerBlock(bytes));
  let fallback: { readonly charset: string | undefined } | undefined;
  const charset = (): string | undefined =>
    (fallback ??= { charset: undeclaredCharset(bytes, fields) }).charset;

  const all = (name: string): string =>
    (fields.get(name) ?? [])
      .map((value) => decodeValue(value, charset))
      .join(', ');

  const first = (name: string): string =>
    decodeValue(fields.get(name)?.[0] ?? '', charset);

  return {
    from: first('from'),
    to: all('to'),
    cc: all('cc'),
    bcc: all('bcc'),
    subject: first('subject'),
    messageId: bareMessageId(first('message-id')),
    // Most searches do not need the date.
    get date() {
      return dateOf(fields);
    },
  };
}

/** Returns a Message-ID without brackets and spaces: `a@b` for `<a@b>` and ` a@b `. */
export function bareMessageId(text: string): string {
  return (/<([^<>]*)>/.exec(text)?.[1] ?? text).trim();
}

/** Returns the wanted header fields by lower-case name, with unfolded values as bytes, one character each. */
function readFields(block: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of unfoldLines(block)) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? '' : line.slice(0, colon).trimEnd().toLowerCase();
    if (!WANTED.has(name)) continue;

    const values = fields.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    fields.set(name, values);
  }

  return fields;
}

/** Returns the header block. Most end within the short window, so that the long one is read only where it has no end. */
function headerBlock(bytes: Buffer): string {
  for (const limitBytes of [HEADER_WINDOW_BYTES, HEADER_LIMIT_BYTES]) {
    const text = bytes.toString('latin1', 0, limitBytes);
    const headerEnd = findHeaderEnd(text, bytes.length <= limitBytes);
    if (headerEnd) return withoutMark(text.slice(0, headerEnd.end));
  }

  return bytes.toString('latin1', 0, HEADER_LIMIT_BYTES);
}

function withoutMark(block: string): string {
  return block.startsWith(BYTE_ORDER_MARK)
    ? block.slice(BYTE_ORDER_MARK.length)
    : block;
}

function dateOf(
  fields: ReadonlyMap<string, readonly string[]>,
): Date | undefined {
  const date = parseMessageDate(fields.get('date')?.[0] ?? '');
  if (date) return date;

  const received = fields.get('received')?.[0] ?? '';
  return parseMessageDate(received.slice(received.lastIndexOf(';') + 1));
}

/** Decodes a value. RFC 6532 allows UTF-8 in headers, and older senders use their own charset there undeclared. */
function decodeValue(value: string, charset: () => string | undefined): string {
  const decodeRaw = (raw: string): string =>
    NOT_ASCII.test(raw)
      ? decodeText(Buffer.from(raw, 'latin1'), charset())
      : raw;
  return decodeEncodedWords(value, decodeRaw)
    .replace(/[\r\n\t\0]+/g, ' ')
    .trim();
}

/**
 * Returns the charset of undeclared bytes in headers: that of the message, of its first part that names one, of another
 * header's encoded words, or the guess for all such headers together.
 */
function undeclaredCharset(
  bytes: Buffer,
  fields: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const values = [...fields.values()].flat();
  const ofMessage = CHARSET.exec(fields.get('content-type')?.[0] ?? '')?.[1];
  const ofPart = CHARSET.exec(
    bytes.toString('latin1', 0, 4 * HEADER_WINDOW_BYTES),
  )?.[1];
  const ofWords = values.map(
    (value) => /=\?([^?\s]+)\?[bq]\?/i.exec(value)?.[1],
  );
  const declared = [ofMessage, ofPart, ...ofWords]
    .map(knownCharset)
    .find((label) => label !== undefined && label !== 'utf-8');

  return (
    declared ??
    guessCharset(
      Buffer.from(
        values.filter((value) => NOT_ASCII.test(value)).join(' '),
        'latin1',
      ),
    )
  );
}
