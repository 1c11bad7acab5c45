import { TextDecoder } from 'node:util';
import { decodeCodePage, isCodePage } from './code-pages.js';
import { guessCharset } from './guess-charset.js';
import { decodeSevenBit, isSevenBit } from './seven-bit.js';

/** Finds the charset of text in mail, and decodes it. */

/** Labels without a meaning: careless senders write them above text of any charset. */
const EMPTY =
  /^(?:us-ascii|ascii|ansi_x3\.4-1968|unknown|unknown-8bit|x-unknown|8bit|7bit|binary|default|x-user-defined)$/;
/** Names that mail uses and the Encoding Standard does not list, or means otherwise; without `x-` and what separates words. */
const ALIASES: Readonly<Record<string, string>> = {
  unicode: 'utf-8',
  utf7: 'utf-7',
  unicode11utf7: 'utf-7',
  euccn: 'gb18030',
  gb2312: 'gb18030',
  hz: 'hz-gb-2312',
  hzgb2312: 'hz-gb-2312',
  big5: 'big5',
  iso2022kr: 'iso-2022-kr',
  iso885916: 'iso-8859-16',
  macroman: 'macintosh',
};
/** The same of code pages, by their numbers. */
const CODE_PAGES: Readonly<Record<string, string>> = {
  '437': 'ibm437',
  '850': 'ibm850',
  '852': 'ibm852',
  '858': 'ibm858',
  '866': 'ibm866',
  '874': 'windows-874',
  '932': 'shift_jis',
  '936': 'gbk',
  '949': 'euc-kr',
  '950': 'big5',
  '65000': 'utf-7',
  '65001': 'utf-8',
};

/** Returns TextDecoder's name of a charset; undefined for no label, for one without a meaning and for an unknown one. */
export function knownCharset(word: string | undefined): string | undefined {
  const name = (word ?? '').trim().toLowerCase().replace(/\*.*$/s, '');
  if (name === '' || EMPTY.test(name)) return undefined;

  const earlier = labelCache.get(name);
  if (earlier) return earlier.label;

  const label = findLabel(name);
  // Any mail may bring a new name: the cache must not fill the memory.
  if (labelCache.size < MOST_NAMES) labelCache.set(name, { label });

  return label;
}

/** TextDecoder's names by the names in mail, and its decoders: to make a decoder takes longer than to read a header. */
const labelCache = new Map<string, { readonly label: string | undefined }>();
const decoders = new Map<string, TextDecoder>();
const MOST_NAMES = 500;

function findLabel(name: string): string | undefined {
  const number = /^(?:x-)?(?:cp|ms|win|windows|ibm)[-_]?(\d+)$/.exec(name)?.[1];
  const plain = name.replace(/^x-(?:mac-)?(?=iso|koi|utf|euc|gb|big)/, '');
  const joined = /^(koi8|utf)[-_]?(.+)$/.exec(plain);

  const tries = [
    ALIASES[plain.replace(/^x-|[-_. ]/g, '')] ?? '',
    name,
    number === undefined ? '' : (CODE_PAGES[number] ?? `windows-${number}`),
    plain,
    joined ? `${joined[1] ?? ''}-${joined[2] ?? ''}` : '',
    /^iso-?2022-?jp/.test(plain) ? 'iso-2022-jp' : '',
    /^(?:shift|s)[-_]?jis/.test(plain) ? 'shift_jis' : '',
  ];

  return tries.map(labelOf).find((label) => label !== undefined);
}

function labelOf(name: string): string | undefined {
  if (isCodePage(name) || isSevenBit(name)) return name;

  try {
    return name === '' ? undefined : new TextDecoder(name).encoding;
  } catch {
    return undefined;
  }
}

/**
 * Decodes text whose charset may be undeclared or declared wrongly. UTF-8 and escape sequences are recognised by the bytes;
 * else the declared charset counts, and without one the guess. Never throws.
 */
export function decodeText(
  bytes: Buffer,
  declared: string | undefined,
): string {
  const charset = charsetOf(bytes, declared);
  return charset === undefined
    ? bytes.toString('latin1')
    : decodeIn(charset, bytes);
}

/** Decodes text of a charset that `knownCharset` returned. */
export function decodeIn(charset: string, bytes: Buffer): string {
  if (isCodePage(charset)) return decodeCodePage(charset, bytes);
  if (isSevenBit(charset)) return decodeSevenBit(charset, bytes);

  const decoder = decoders.get(charset) ?? new TextDecoder(charset);
  decoders.set(charset, decoder);
  if (charset !== 'iso-2022-jp') return decoder.decode(bytes);

  // Joined texts have two escape sequences in a row, which the standard's decoder takes for an error.
  const joined = bytes
    .toString('latin1')
    .replace(/(?:\x1b(?:\([BJI]|\$[@B]))+(?=\x1b[($])/g, '');

  return decoder.decode(Buffer.from(joined, 'latin1'));
}

/** Returns the charset of bytes; undefined where they are plain ASCII. */
export function charsetOf(
  bytes: Buffer,
  declared: string | undefined,
): string | undefined {
  const label = knownCharset(declared);
  if (label !== undefined && isUnseen(label, bytes)) return label;

  const guess = guessCharset(bytes);
  if (guess === undefined || guess === 'utf-8' || guess === 'iso-2022-jp') {
    return guess;
  }

  // The bytes are not UTF-8, although they may be declared so.
  return label === undefined || label === 'utf-8' ? guess : label;
}

/** Says whether text of a charset has nothing by which a guess would know that it is not plain ASCII. */
function isUnseen(label: string, bytes: Buffer): boolean {
  return isSevenBit(label) || (label.startsWith('utf-16') && bytes.includes(0));
}
