import { TextDecoder } from 'node:util';
import { headerLength } from './attachment-cut.js';
import { parseMessageDate } from './message-date.js';
import { decodeEncodedWords } from './mime-text.js';

/** How much of a message is looked at for its headers. Longer header blocks are read up to here. */
export const HEADER_LIMIT_BYTES = 256 * 1024;

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

const WANTED = new Set(['from', 'to', 'cc', 'bcc', 'subject', 'message-id', 'date', 'received', 'content-type']);

/** Whether the header block ends within these bytes, so that `readMessageHeaders` needs no more of the message. */
export function holdsAllHeaders(bytes: Buffer): boolean {
  return bytes.length >= HEADER_LIMIT_BYTES || headerLength(bytes) !== undefined;
}

/**
 * Reads the headers of a raw message (RFC 5322): unfolded, RFC 2047 words decoded, bytes above 127 as UTF-8 or else in
 * the message's own charset. Never throws: text without headers gives empty ones. Of a header that may stand only once,
 * the first counts.
 */
export function readMessageHeaders(bytes: Buffer): MessageHeaders {
  const fields = readFields(bytes);
  const charset = /charset\s*=\s*"?([^\s";]+)/i.exec(fields.get('content-type')?.[0] ?? '')?.[1];
  const all = (name: string): string => (fields.get(name) ?? []).map((value) => decodeValue(value, charset)).join(', ');
  const first = (name: string): string => decodeValue(fields.get(name)?.[0] ?? '', charset);
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

/** The wanted header fields by lower-case name, values as bytes (one character each), unfolded (RFC 5322 §2.2.3). */
function readFields(bytes: Buffer): Map<string, string[]> {
  const block = headerBlock(bytes);
  const fields = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const line of block.split('\n')) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text.startsWith(' ') || text.startsWith('\t')) {
      if (values) values.push(`${values.pop() ?? ''} ${text.trim()}`);
      continue;
    }
    const colon = text.indexOf(':');
    const name = colon < 0 ? '' : text.slice(0, colon).trimEnd().toLowerCase();
    values = WANTED.has(name) ? (fields.get(name) ?? []) : undefined;
    if (!values) continue;
    values.push(text.slice(colon + 1).trim());
    fields.set(name, values);
  }
  return fields;
}

/** Most headers end within a few kilobytes: the long look is only taken where the short one finds no end. */
function headerBlock(bytes: Buffer): string {
  for (const limitBytes of [8192, HEADER_LIMIT_BYTES]) {
    const window = bytes.subarray(0, limitBytes);
    const length = headerLength(window);
    if (length !== undefined) return window.toString('latin1', 0, length);
  }
  return bytes.toString('latin1', 0, Math.min(bytes.length, HEADER_LIMIT_BYTES));
}

function dateOf(fields: ReadonlyMap<string, readonly string[]>): Date | undefined {
  const own = parseMessageDate(fields.get('date')?.[0] ?? '');
  if (own) return own;
  const received = fields.get('received')?.[0] ?? '';
  return parseMessageDate(received.slice(received.lastIndexOf(';') + 1));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** RFC 6532 allows UTF-8 in headers; older senders put their own charset there without a word. */
function decodeValue(value: string, charset: string | undefined): string {
  const text = /[\u0080-\u00ff]/.test(value) ? decodeHighBytes(Buffer.from(value, 'latin1'), charset) : value;
  return decodeEncodedWords(text)
    .replace(/[\r\n\t\0]+/g, ' ')
    .trim();
}

function decodeHighBytes(bytes: Buffer, charset: string | undefined): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return decoderFor(charset).decode(bytes);
  }
}

function decoderFor(charset: string | undefined): TextDecoder {
  try {
    const decoder = new TextDecoder(charset ?? 'windows-1252');
    // The header was no UTF-8: a message that claims it is most likely Western.
    return decoder.encoding === 'utf-8' ? new TextDecoder('windows-1252') : decoder;
  } catch {
    return new TextDecoder('windows-1252');
  }
}
