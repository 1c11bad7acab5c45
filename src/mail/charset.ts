import { TextDecoder } from 'node:util';
import { guessCharset } from './guess-charset.js';

/** Labels that say nothing: what careless senders write above text of any charset. */
const EMPTY =
  /^(?:us-ascii|ascii|ansi_x3\.4-1968|unknown|unknown-8bit|x-unknown|8bit|7bit|binary|default|x-user-defined)$/;
/** Names that mail uses and the Encoding Standard does not list. */
const ALIASES: Readonly<Record<string, string>> = {
  '932': 'shift_jis',
  '936': 'gbk',
  '949': 'euc-kr',
  '950': 'big5',
  '874': 'windows-874',
  '65001': 'utf-8',
};

/** A charset's name as TextDecoder knows it; undefined for none, for one that says nothing and for an unknown one. */
export function knownCharset(label: string | undefined): string | undefined {
  const name = (label ?? '').trim().toLowerCase().replace(/\*.*$/s, '');
  if (name === '' || EMPTY.test(name)) return undefined;

  const known = knownNames.get(name);
  if (known) return known.label;

  const found = findLabel(name);
  // A label is the mail's own text: they must not fill the memory.
  if (knownNames.size < MOST_NAMES) knownNames.set(name, { label: found });

  return found;
}

/** A decoder costs more to make than a header takes to be read. */
const knownNames = new Map<string, { readonly label: string | undefined }>();
const decoders = new Map<string, TextDecoder>();
const MOST_NAMES = 500;

function findLabel(name: string): string | undefined {
  const number = /^(?:x-)?(?:cp|ms|windows|ibm)[-_]?(\d+)$/.exec(name)?.[1];
  const plain = name.replace(/^x-(?:mac-)?(?=iso|koi|utf|euc|gb)/, '');
  const joined = /^(koi8|utf)-?(.+)$/.exec(plain);

  const tries = [
    name,
    number === undefined ? '' : (ALIASES[number] ?? `windows-${number}`),
    plain,
    joined ? `${joined[1] ?? ''}-${joined[2] ?? ''}` : '',
    /^iso-?2022-?jp/.test(plain) ? 'iso-2022-jp' : '',
    /^(?:shift|s)[-_]?jis/.test(plain) ? 'shift_jis' : '',
  ];

  return tries.map(labelOf).find((found) => found !== undefined);
}

function labelOf(name: string): string | undefined {
  try {
    return name === '' ? undefined : new TextDecoder(name).encoding;
  } catch {
    return undefined;
  }
}

/**
 * Text of a charset that may be undeclared or declared wrongly: UTF-8 and escape sequences speak for themselves, then
 * what was declared counts, then what the bytes look like. Never throws.
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

/** Text of a charset that `knownCharset` names. */
export function decodeIn(charset: string, bytes: Buffer): string {
  const decoder = decoders.get(charset) ?? new TextDecoder(charset);
  decoders.set(charset, decoder);
  if (charset !== 'iso-2022-jp') return decoder.decode(bytes);

  // The standard's decoder takes two escape sequences in a row for an error; joined texts have them.
  const joined = bytes
    .toString('latin1')
    .replace(/(?:\x1b(?:\([BJI]|\$[@B]))+(?=\x1b[($])/g, '');

  return decoder.decode(Buffer.from(joined, 'latin1'));
}

/** The charset that bytes are read in; undefined where they are plain ASCII. */
export function charsetOf(
  bytes: Buffer,
  declared: string | undefined,
): string | undefined {
  const known = knownCharset(declared);
  const guessed = guessCharset(bytes);
  if (
    guessed === undefined ||
    guessed === 'utf-8' ||
    guessed === 'iso-2022-jp'
  ) {
    return guessed;
  }

  // It is no UTF-8, whatever was declared.
  return known === undefined || known === 'utf-8' ? guessed : known;
}
