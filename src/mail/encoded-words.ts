import { charsetOf, decodeIn, knownCharset } from './charset.js';

/** Decodes the encoded words of header values (RFC 2047). Pure. */

/** `=?charset?B?text?=` (RFC 2047 §2), also with a language (RFC 2231 §5), and with the spaces and question marks that careless senders leave in it. */
const WORD = /=\?([^?\s]+)\?([bq])\?((?:[^?=]|=(?!\?(?!=))|\?(?!=))*)\?=/gi;

interface EncodedWord {
  readonly charset: string;
  readonly bytes: Buffer;
  /** The base64 digits of an unfinished quantum at the end of the word. */
  readonly rest: string;
}

/**
 * Decodes the encoded words of a header value; other text stays as it is. White space between two words is dropped
 * (RFC 2047 §6.2). Neighbours of one charset are joined before they are decoded, because many senders cut a character,
 * or a quantum of base64, in two.
 * @param text a header value as bytes, one character each
 * @param decodeOther decodes the text between the words
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
    const between = text.slice(end, match.index);
    const isNext = run !== undefined && between.trim() === '';
    const part = readPart(match);
    const last = isNext && isSameCharset(run, part.charset) ? run : undefined;

    if (!last) decoded.push(textOf(run), isNext ? '' : decodeOther(between));
    run = append(last, part);
    end = match.index + match[0].length;
  }

  return decoded.join('') + textOf(run) + decodeOther(text.slice(end));
}

/** One match of WORD. */
interface WordPart {
  readonly charset: string;
  readonly isQ: boolean;
  readonly content: string;
}

function readPart([, charset, encoding, content]: RegExpExecArray): WordPart {
  return {
    charset: charset ?? '',
    isQ: encoding?.toLowerCase() === 'q',
    content: content ?? '',
  };
}

function isSameCharset(
  word: EncodedWord | undefined,
  charset: string,
): boolean {
  const plain = (name: string): string =>
    name.toLowerCase().replace(/\*.*$/, '');
  return word !== undefined && plain(word.charset) === plain(charset);
}

function append(last: EncodedWord | undefined, part: WordPart): EncodedWord {
  if (part.isQ) {
    const bytes = [...finished(last), decodeQ(part.content)];
    return { charset: part.charset, bytes: Buffer.concat(bytes), rest: '' };
  }

  // A word of whole quanta shows that the word before it only lacks its padding.
  const isWhole = part.content.replace(/[^A-Za-z0-9+/=]/g, '').length % 4 === 0;
  const carried = isWhole ? '' : (last?.rest ?? '');
  const before = isWhole ? finished(last) : [last?.bytes ?? Buffer.alloc(0)];

  const digits = carried + part.content.replace(/[^A-Za-z0-9+/]/g, '');
  const cut = part.content.includes('=')
    ? digits.length
    : digits.length - (digits.length % 4);
  const bytes = [...before, Buffer.from(digits.slice(0, cut), 'base64')];

  return {
    charset: part.charset,
    bytes: Buffer.concat(bytes),
    rest: digits.slice(cut),
  };
}

/** Returns all bytes of a word, with those of an unfinished quantum at its end. */
function finished(word: EncodedWord | undefined): Buffer[] {
  return word ? [word.bytes, Buffer.from(word.rest, 'base64')] : [];
}

function decodeQ(content: string): Buffer {
  const text = content
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
  return Buffer.from(text, 'latin1');
}

/** Decodes a word; where its charset has no known name, or it is no UTF-8 although it says so, the charset is guessed from the bytes. */
function textOf(word: EncodedWord | undefined): string {
  if (!word) return '';

  const all = Buffer.concat(finished(word));
  const label = knownCharset(word.charset);
  const isSure = label !== undefined && label !== 'utf-8';
  const charset = isSure ? label : charsetOf(all, label);

  return decodeIn(charset ?? 'windows-1252', all);
}
