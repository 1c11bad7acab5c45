import { decodeText, knownCharset } from './charset.js';
import { decodeEncodedWords } from './encoded-words.js';
import { guessCharset } from './guess-charset.js';
import { findHeaderEnd, unfoldLines } from './header-block.js';
import { parseMessageDate } from './message-date.js';

/** How much of a message is looked at for its headers. Longer header blocks are read up to here. */
export const HEADER_LIMIT_BYTES = 256 * 1024;
const HEADER_WINDOW_BYTES = 8192;
const CHARSET = /charset\s*=\s*"?([^\s";]+)/i;
/** Letters of other charsets, and what switches to one. */
const NOT_ASCII = /[\x1b\x80-\xff]/;

/** The headers that people know a message by, decoded. Empty where the message has none. */
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

/** Whether the header block ends within these bytes, so that `readMessageHeaders` needs no more of the message. */
export function holdsAllHeaders(bytes: Buffer): boolean {
  return (
    bytes.length >= HEADER_LIMIT_BYTES ||
    findHeaderEnd(bytes.toString('latin1'), false) !== undefined
  );
}

/**
 * Reads the headers of a raw message (RFC 5322): unfolded, RFC 2047 words decoded, bytes above 127 as UTF-8 or else in
 * the message's own charset. Never throws: text without headers gives empty ones. Of a header that may stand only once,
 * the first counts.
 */
export function readMessageHeaders(bytes: Buffer): MessageHeaders {
  const fields = readFields(headerBlock(bytes));
  let behind: { readonly charset: string | undefined } | undefined;
  const charset = (): string | undefined =>
    (behind ??= { charset: charsetBehind(bytes, fields) }).charset;

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
    // Most searches never ask.
    get date() {
      return dateOf(fields);
    },
  };
}

/** `<a@b>` and ` a@b ` are both `a@b`. */
export function bareMessageId(text: string): string {
  return (/<([^<>]*)>/.exec(text)?.[1] ?? text).trim();
}

/** The wanted header fields by lower-case name, values as bytes (one character each), unfolded. */
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

/** Most headers end within a few kilobytes: the long look is only taken where the short one finds no end. */
function headerBlock(bytes: Buffer): string {
  for (const limitBytes of [HEADER_WINDOW_BYTES, HEADER_LIMIT_BYTES]) {
    const text = bytes.toString('latin1', 0, limitBytes);
    const found = findHeaderEnd(text, bytes.length <= limitBytes);
    if (found) return text.slice(0, found.end);
  }

  return bytes.toString('latin1', 0, HEADER_LIMIT_BYTES);
}

function dateOf(
  fields: ReadonlyMap<string, readonly string[]>,
): Date | undefined {
  const own = parseMessageDate(fields.get('date')?.[0] ?? '');
  if (own) return own;
  const received = fields.get('received')?.[0] ?? '';
  return parseMessageDate(received.slice(received.lastIndexOf(';') + 1));
}

/** RFC 6532 allows UTF-8 in headers; older senders put their own charset there without a word. */
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
 * The charset of what stands in the headers undeclared: that of the message, of its first part that names one, of
 * another header's encoded words, or what all such headers together look like.
 */
function charsetBehind(
  bytes: Buffer,
  fields: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const values = [...fields.values()].flat();
  const own = CHARSET.exec(fields.get('content-type')?.[0] ?? '')?.[1];
  const parts = CHARSET.exec(
    bytes.toString('latin1', 0, 4 * HEADER_WINDOW_BYTES),
  )?.[1];
  const words = values.map((value) => /=\?([^?\s]+)\?[bq]\?/i.exec(value)?.[1]);
  const declared = [own, parts, ...words]
    .map(knownCharset)
    .find((known) => known !== undefined && known !== 'utf-8');

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
