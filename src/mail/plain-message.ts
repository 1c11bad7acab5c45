import { decodeText } from './charset.js';
import { decodeEncodedWords } from './encoded-words.js';
import { findHeaderEnd, unfoldLines } from './header-block.js';

/**
 * Messages as they come, made into what a strict MIME reader takes: line ends that are LF, an empty line after the headers,
 * text in charsets that are declared. For reading only: nothing of this is ever handed over.
 */

const BARE_CR = /\r(?!\n)/;
const STRANGE = /[\x1b\x80-\xff]/;
const BOUNDARY = /boundary[ \t]*=[ \t]*(?:"([^"\r\n]+)"|([^\s";]+))/gi;
const ENCODED = /base64|quoted-printable/i;
const TYPE = /^content-type[ \t]*:[ \t]*"?([^\s";]*)/i;
const CHARSET = /charset[ \t]*=[ \t]*"?([^\s";]*)"?/i;

/** @returns bytes that say the same to a strict reader */
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

/** Headers and body where no blank line is between them; the body is undefined where there is one. */
function cutHeaders(text: string): { head: string; body: string | undefined } {
  const found = findHeaderEnd(text, true);
  const head = text.slice(0, found?.end);

  return {
    head,
    body:
      found && found.next === found.end && found.end < text.length
        ? text.slice(found.end)
        : undefined,
  };
}

/** The message cut behind each line that ends or begins a part. */
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

/** A part whose text is no plain ASCII and that does not say what it is, or says it wrongly, as UTF-8 that says so. */
function declareCharset(part: string): string {
  const found = findHeaderEnd(part, true);
  const head = part.slice(0, found?.end);
  const headers = unfoldLines(head.replace(/[\r\n]+$/, ''))
    .filter((line) => line !== '')
    .map(decodeHeader);
  const body = part.slice(found?.next);

  const gap =
    head === '' && found?.next === 0
      ? '\n'
      : part.slice(found?.end, found?.next);

  const decoded = decodeBody(headers, body);
  if (decoded !== undefined) {
    return `${withCharset(headers).join('\n')}\n${gap}${decoded}`;
  }

  return head === ''
    ? part
    : `${headers.join('\n')}\n${gap}${isForwarded(headers) ? declareCharset(body) : body}`;
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

/** The body as UTF-8; undefined where its reader needs no help. */
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

/** UTF-8 as bytes, one character each. */
function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
