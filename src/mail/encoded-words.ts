import { charsetOf, decodeIn, knownCharset } from './charset.js';

/** `=?charset?B?text?=` (RFC 2047 §2), also with a language (RFC 2231 §5) and with the spaces that careless senders leave in it. */
const WORD = /=\?([^?\s]+)\?([bq])\?([^?]*)\?=/gi;

interface EncodedWord {
  readonly charset: string;
  readonly bytes: Buffer;
  /** Base64 digits of a quantum that the word ends in. */
  readonly rest: string;
}

/**
 * The encoded words of a header value, decoded; other text stays as it is. White space between two words goes (RFC 2047
 * §6.2). Words of one charset next to each other are joined before they are decoded: many senders cut a character, or a
 * quantum of base64, in two.
 * @param text a header value as bytes, one character each
 * @param decodeOther for what is between the words
 */
export function decodeEncodedWords(
  text: string,
  decodeOther: (raw: string) => string,
): string {
  if (!text.includes('=?')) return decodeOther(text);

  const decoded: string[] = [];
  let run: EncodedWord | undefined;
  let end = 0;

  for (const match of text.matchAll(WORD)) {
    const [whole, charset = '', encoding = '', content = ''] = match;
    const between = text.slice(end, match.index);
    const isNext = run !== undefined && between.trim() === '';
    const last = isNext && isSameCharset(run, charset) ? run : undefined;

    if (!last) decoded.push(textOf(run), isNext ? '' : decodeOther(between));
    run = append(last, charset, encoding, content);
    end = match.index + whole.length;
  }

  return decoded.join('') + textOf(run) + decodeOther(text.slice(end));
}

function isSameCharset(
  word: EncodedWord | undefined,
  charset: string,
): boolean {
  const plain = (name: string): string =>
    name.toLowerCase().replace(/\*.*$/, '');
  return word !== undefined && plain(word.charset) === plain(charset);
}

function append(
  last: EncodedWord | undefined,
  charset: string,
  encoding: string,
  content: string,
): EncodedWord {
  const isQ = encoding.toLowerCase() === 'q';
  const own = isQ ? '' : content.replace(/[^A-Za-z0-9+/]/g, '');
  // Where this word is whole by itself, the one before only lacks its padding.
  const isWholeBefore =
    isQ || content.replace(/[^A-Za-z0-9+/=]/g, '').length % 4 === 0;
  const before = last
    ? [last.bytes, ...(isWholeBefore ? [Buffer.from(last.rest, 'base64')] : [])]
    : [];

  if (isQ) {
    return {
      charset,
      bytes: Buffer.concat([...before, decodeQ(content)]),
      rest: '',
    };
  }

  const digits = (isWholeBefore ? '' : (last?.rest ?? '')) + own;
  const cut = content.includes('=')
    ? digits.length
    : digits.length - (digits.length % 4);

  const bytes = Buffer.concat([
    ...before,
    Buffer.from(digits.slice(0, cut), 'base64'),
  ]);

  return { charset, bytes, rest: digits.slice(cut) };
}

function decodeQ(content: string): Buffer {
  const text = content
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
  return Buffer.from(text, 'latin1');
}

/** A charset that is no such thing is guessed from the bytes. */
function textOf(word: EncodedWord | undefined): string {
  if (!word) return '';
  const { charset, bytes, rest } = word;
  const all = Buffer.concat([bytes, Buffer.from(rest, 'base64')]);
  const label =
    knownCharset(charset) ?? charsetOf(all, undefined) ?? 'windows-1252';
  return decodeIn(label, all);
}
