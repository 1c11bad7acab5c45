import { TextDecoder } from 'node:util';

/** Charsets that write all letters in seven bits, by shifting to others and back, and that TextDecoder lacks. Pure. */

type Decode = (text: string) => string;

const DECODERS: Readonly<Record<string, Decode>> = {
  'utf-7': decodeUtf7,
  'hz-gb-2312': decodeHz,
  'iso-2022-kr': decodeKorean,
};

/** Says whether a charset is one of these. */
export function isSevenBit(charset: string): boolean {
  return Object.hasOwn(DECODERS, charset);
}

/** Decodes text of one of these charsets. */
export function decodeSevenBit(charset: string, bytes: Buffer): string {
  const text = bytes.toString('latin1');

  return DECODERS[charset]?.(text) ?? text;
}

/** RFC 2152: `+` begins UTF-16 in base64, `-` or another character ends it, and `+-` is a plus sign. */
function decodeUtf7(text: string): string {
  return text.replace(
    /\+([A-Za-z0-9+/]*)(-?)/g,
    (whole, digits: string, end: string) => {
      if (digits === '') return end === '' ? whole : '+';

      const units = Buffer.from(digits, 'base64');
      return decodeWith('utf-16be', units.subarray(0, units.length & ~1));
    },
  );
}

/** RFC 1843: Chinese stands between `~{` and `~}`, `~~` is a tilde, and one at the end of a line joins it to the next. */
function decodeHz(text: string): string {
  return text.replace(
    /~\{(.*?)(?:~\}|$)|~~|~\r?\n/gm,
    (whole, pairs: string | undefined) => {
      if (pairs !== undefined) return decodeWith('gbk', withHighBits(pairs));

      return whole === '~~' ? '~' : '';
    },
  );
}

/** RFC 1557: Korean stands between SO and SI, and an escape sequence announces it. */
function decodeKorean(text: string): string {
  return text
    .replaceAll('\x1b$)C', '')
    .replace(/\x0e([^\x0f\r\n]*)\x0f?/g, (_, pairs: string) =>
      decodeWith('euc-kr', withHighBits(pairs)),
    );
}

function withHighBits(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');

  return bytes.map((byte) => (byte > 0x20 ? byte | 0x80 : byte)) as Buffer;
}

function decodeWith(charset: string, bytes: Buffer): string {
  return new TextDecoder(charset).decode(bytes);
}
