import { isAscii, isUtf8 } from 'node:buffer';
import { decodeText } from './charset.js';
import { decodeEncodedWords } from './encoded-words.js';
import {
  BYTE_ORDER_MARK,
  findHeaderEnd,
  toLineFeeds,
  unfoldLines,
} from './header-block.js';
import { decodeTransfer, readTransferEncoding } from './transfer-encoding.js';

/**
 * Prepares a message of any shape for a strict MIME reader: line ends become LF, an empty line follows the headers, and
 * text is plain or HTML, in UTF-8, without a transfer encoding. The result is only for reading; it is never written or exported.
 */

const BARE_CR = /\r(?!\n)/;
const STRANGE = /[\x1b\x80-\xff]/;
const BOUNDARY = /boundary[ \t]*=[ \t]*(?:"([^"\r\n]+)"|([^\s";]+))/gi;
/** Signs of text that is encoded, in another charset, or of a type that a strict reader takes for an attachment. */
const HIDDEN =
  /[\x1b\x80-\xff]|=\?|base64|quoted-printable|utf-?(?:7|16)|\bhz\b|^content-type[ \t]*:(?!\s*"?(?:text\/(?:plain|html)|multipart\/|message\/rfc822|(?:application|image|audio|video|font|model)\/))/im;
/** Types that people read as text: a reader shows them as such, also one that is no type at all. */
const TEXT =
  /^(?:text(?:\/.*)?|[^/]*|message\/(?:delivery-status|disposition-notification))$/;
/** Of these, the types that a strict reader shows too. */
const READ_TYPES: ReadonlySet<string> = new Set([
  '',
  'text/plain',
  'text/html',
]);
/** A soft line break of quoted-printable with spaces behind it. */
const SPACED_BREAK = /=[ \t]+$/m;
const SEVEN_BIT = /utf-?(?:7|16)|unicode|hz|iso-?2022/i;
const ESCAPE = 0x1b;
const TYPE = /^content-type[ \t]*:[ \t]*"?([^\s";]*)/i;
const ENCODING = 'content-transfer-encoding';
const CHARSET = /charset[ \t]*=[ \t]*"?([^\s";]*)"?/i;

/** Returns a message of the same content that a strict MIME reader understands. */
export function toPlainMessage(bytes: Buffer): Buffer {
  let text = bytes.toString('latin1');
  if (text.startsWith(BYTE_ORDER_MARK)) {
    text = text.slice(BYTE_ORDER_MARK.length);
  }

  const isHidden = HIDDEN.test(text);
  if (isHidden || BARE_CR.test(text)) text = toLineFeeds(text);

  const { head, body } = cutHeaders(text);
  const whole = body === undefined ? text : `${head}\n${body}`;
  if (!isHidden) return Buffer.from(whole, 'latin1');

  const isMultipart = /^content-type[ \t]*:[ \t]*multipart\//im.test(head);
  const parts = isMultipart ? splitParts(whole) : [whole];

  return Buffer.from(parts.map(decodePart).join(''), 'latin1');
}

/** Cuts off a body that no blank line separates from the headers. The body is undefined where a blank line does. */
function cutHeaders(text: string): { head: string; body: string | undefined } {
  const headerEnd = findHeaderEnd(text, true);
  const head = text.slice(0, headerEnd?.end);
  const isTight =
    headerEnd?.next === headerEnd?.end && head.length < text.length;

  return { head, body: isTight ? text.slice(head.length) : undefined };
}

/** Cuts a message behind each line that ends or begins a part. */
function splitParts(text: string): string[] {
  const names = new Set<string>();
  for (const [, quoted, plain] of text.matchAll(BOUNDARY)) {
    const name = quoted ?? plain ?? '';
    names.add(name.trimEnd());
  }

  const isBoundary = (line: string): boolean => {
    const name = line.slice(2).trimEnd();
    const closedName = name.slice(0, -2);

    return names.has(name) || names.has(closedName);
  };

  const ends = [...text.matchAll(/^--.*$/gm)]
    .filter(({ 0: line }) => isBoundary(line))
    .map(({ index, 0: line }) =>
      Math.min(text.length, index + line.length + 1),
    );

  return [0, ...ends].map((start, at) =>
    text.slice(start, ends[at] ?? text.length),
  );
}

/** Decodes a part of text, and declares what it is then. */
function decodePart(part: string): string {
  const { headers, gap, body } = readPart(part);

  const decoded = decodeBody(headers, body);
  if (decoded !== undefined) {
    const plainHeaders = asPlainText(headers);
    return `${plainHeaders.join('\n')}\n${gap}${decoded}`;
  }

  if (headers.length === 0) return part;

  const content = isForwarded(headers) ? decodePart(body) : body;

  return `${headers.join('\n')}\n${gap}${content}`;
}

/** Divides a part into its headers, each in one line, the blank line, and the body. */
function readPart(part: string): {
  headers: string[];
  gap: string;
  body: string;
} {
  const headerEnd = findHeaderEnd(part, true);
  const head = part.slice(0, headerEnd?.end);
  const gap = part.slice(headerEnd?.end, headerEnd?.next);

  return {
    headers: unfoldLines(head.replace(/[\r\n]+$/, ''))
      .filter((line) => line !== '')
      .map(decodeHeader),
    gap: head === '' && headerEnd?.next === 0 ? '\n' : gap,
    body: part.slice(headerEnd?.next),
  };
}

function isForwarded(headers: readonly string[]): boolean {
  if (typeOf(headers) !== 'message/rfc822') return false;

  const field = fieldOf(headers, ENCODING);

  return readTransferEncoding(field) === undefined;
}

function fieldOf(headers: readonly string[], name: string): string {
  const field = headers.find((line) =>
    line.toLowerCase().startsWith(`${name}:`),
  );

  return field ?? '';
}

function typeOf(headers: readonly string[]): string {
  const field = fieldOf(headers, 'content-type');
  const type = TYPE.exec(field)?.[1] ?? '';

  return type.toLowerCase();
}

function decodeHeader(line: string): string {
  const hasWords = line.includes('=?');
  if (!hasWords && !STRANGE.test(line)) return line;

  const text = decodeEncodedWords(line, decodeRaw);
  const oneLine = text.replace(/[\r\n\0]+/g, ' ');

  return toBytes(oneLine);
}

function decodeRaw(raw: string): string {
  if (!STRANGE.test(raw)) return raw;

  const bytes = Buffer.from(raw, 'latin1');

  return decodeText(bytes, undefined);
}

/** Returns the body as UTF-8; undefined where it is no text, and where the reader reads it right by itself. */
function decodeBody(
  headers: readonly string[],
  body: string,
): string | undefined {
  const type = typeOf(headers);
  if (!TEXT.test(type)) return undefined;

  const encoding = readTransferEncoding(fieldOf(headers, ENCODING));
  const declared = CHARSET.exec(fieldOf(headers, 'content-type'))?.[1];
  const { content, end } = encoding ? cutBoundary(body) : uncut(body);
  const bytes = encoding
    ? decodeTransfer(encoding, content)
    : Buffer.from(content, 'latin1');

  const isMisread = encoding !== undefined && SPACED_BREAK.test(content);
  const isPlain =
    READ_TYPES.has(type) && !isMisread && isReadAs(declared, bytes);
  if (isPlain) return undefined;

  const text = toBytes(decodeText(bytes, declared));

  if (!encoding) return text;

  // What was encoded ends no part.
  const harmless = text.replace(/^--/gm, ' --');

  return harmless + end;
}

/** Says whether a strict reader decodes these bytes as people do. */
function isReadAs(declared: string | undefined, bytes: Buffer): boolean {
  if (bytes.includes(ESCAPE)) return false;

  const isDeclaredUtf8 = declared === undefined || /^utf-?8$/i.test(declared);
  if (isDeclaredUtf8) return isUtf8(bytes);

  return isAscii(bytes) && !SEVEN_BIT.test(declared);
}

interface CutBody {
  readonly content: string;
  readonly end: string;
}

function uncut(body: string): CutBody {
  return { content: body, end: '' };
}

/** Cuts off the line that ends a part. */
function cutBoundary(body: string): CutBody {
  const lineAt = body.lastIndexOf('\n', body.length - 2);
  const isBoundary = body.startsWith('--', lineAt + 1);
  const at = isBoundary ? Math.max(0, lineAt) : body.length;

  return {
    content: body.slice(0, at),
    end: body.slice(at),
  };
}

/** The headers of a part that is UTF-8 without an encoding now. */
function asPlainText(headers: readonly string[]): string[] {
  const others = headers.filter(
    (line) => !line.toLowerCase().startsWith(`${ENCODING}:`),
  );
  const at = others.findIndex((line) => TYPE.test(line));
  const line = others[at];
  if (line === undefined) {
    return [...others, 'Content-Type: text/plain; charset=utf-8'];
  }

  const type = typeOf(headers) === 'text/html' ? 'text/html' : 'text/plain';
  const parameters = line
    .replace(TYPE, '')
    .replace(/^"/, '')
    .replace(CHARSET, '');

  return others.with(at, `Content-Type: ${type}; charset=utf-8; ${parameters}`);
}

/** Encodes text in UTF-8, one character for each byte. */
function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
