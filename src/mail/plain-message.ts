import { decodeText } from './charset.js';
import { decodeEncodedWords } from './encoded-words.js';
import { findHeaderEnd, unfoldLines } from './header-block.js';

/**
 * Prepares a message of any shape for a strict MIME reader: line ends become LF, an empty line follows the headers, and
 * text declares its charset. The result is only for reading; it is never written or exported.
 */

const BARE_CR = /\r(?!\n)/;
const STRANGE = /[\x1b\x80-\xff]/;
const BOUNDARY = /boundary[ \t]*=[ \t]*(?:"([^"\r\n]+)"|([^\s";]+))/gi;
const ENCODED = /base64|quoted-printable/i;
const TYPE = /^content-type[ \t]*:[ \t]*"?([^\s";]*)/i;
const CHARSET = /charset[ \t]*=[ \t]*"?([^\s";]*)"?/i;

/** Returns a message of the same content that a strict MIME reader understands. */
export function toPlainMessage(bytes: Buffer): Buffer {
  let text = bytes.toString('latin1');
  const isStrange = STRANGE.test(text) || text.includes('=?');

  if (isStrange || BARE_CR.test(text)) text = text.replace(/\r*\n|\r/g, '\n');

  const { head, body } = cutHeaders(text);
  const whole = body === undefined ? text : `${head}\n${body}`;
  if (!isStrange) return Buffer.from(whole, 'latin1');

  const isMultipart = /^content-type[ \t]*:[ \t]*multipart\//im.test(head);
  const parts = isMultipart ? splitParts(whole) : [whole];

  return Buffer.from(parts.map(declareCharset).join(''), 'latin1');
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
  const names = new Set(
    [...text.matchAll(BOUNDARY)].map(([, quoted, plain]) =>
      (quoted ?? plain ?? '').trimEnd(),
    ),
  );

  const isBoundary = (line: string): boolean =>
    names.has(line.slice(2).trimEnd()) ||
    names.has(line.slice(2).trimEnd().slice(0, -2));

  const ends = [...text.matchAll(/^--.*$/gm)]
    .filter(({ 0: line }) => isBoundary(line))
    .map(({ index, 0: line }) =>
      Math.min(text.length, index + line.length + 1),
    );

  return [0, ...ends].map((start, at) =>
    text.slice(start, ends[at] ?? text.length),
  );
}

/** Declares UTF-8 in a part whose text is not plain ASCII, and that declares no charset or a wrong one. */
function declareCharset(part: string): string {
  const { headers, gap, body } = readPart(part);

  const decoded = decodeBody(headers, body);
  if (decoded !== undefined) {
    return `${withCharset(headers).join('\n')}\n${gap}${decoded}`;
  }

  if (headers.length === 0) return part;

  const content = isForwarded(headers) ? declareCharset(body) : body;

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
  return (
    typeOf(headers) === 'message/rfc822' &&
    !ENCODED.test(fieldOf(headers, 'content-transfer-encoding'))
  );
}

function fieldOf(headers: readonly string[], name: string): string {
  return (
    headers.find((line) => line.toLowerCase().startsWith(`${name}:`)) ?? ''
  );
}

function typeOf(headers: readonly string[]): string {
  return TYPE.exec(fieldOf(headers, 'content-type'))?.[1]?.toLowerCase() ?? '';
}

function decodeHeader(line: string): string {
  if (!line.includes('=?') && !STRANGE.test(line)) return line;
  const text = decodeEncodedWords(line, (raw) =>
    STRANGE.test(raw) ? decodeText(Buffer.from(raw, 'latin1'), undefined) : raw,
  );
  return toBytes(text.replace(/[\r\n\0]+/g, ' '));
}

/** Returns the body as UTF-8, or undefined where the reader needs no help with it. */
function decodeBody(
  headers: readonly string[],
  body: string,
): string | undefined {
  const type = typeOf(headers);
  const isText = type === '' || type === 'text' || type.startsWith('text/');

  if (
    !isText ||
    ENCODED.test(fieldOf(headers, 'content-transfer-encoding')) ||
    !STRANGE.test(body)
  ) {
    return undefined;
  }

  const declared = CHARSET.exec(fieldOf(headers, 'content-type'))?.[1];

  return toBytes(decodeText(Buffer.from(body, 'latin1'), declared));
}

function withCharset(headers: readonly string[]): string[] {
  const at = headers.findIndex((line) => TYPE.test(line));
  const line = headers[at];
  if (line === undefined) {
    return [...headers, 'Content-Type: text/plain; charset=utf-8'];
  }

  const declared = CHARSET.test(line)
    ? line.replace(CHARSET, 'charset=utf-8')
    : line.replace(/;|$/, (end) => `; charset=utf-8${end}`);

  return headers.with(at, declared);
}

/** Encodes text in UTF-8, one character for each byte. */
function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
