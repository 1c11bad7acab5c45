/** Decodes the transfer encodings of MIME (RFC 2045 §6), and what careless senders make of them. Pure. */

/** The encodings that hide text. */
export type TransferEncoding = 'base64' | 'quoted-printable';

/** The encoding that a field's value names; undefined for those that leave text as it is. */
export function readTransferEncoding(
  value: string,
): TransferEncoding | undefined {
  return /base64|quoted-printable/i.exec(value)?.[0].toLowerCase() as
    TransferEncoding | undefined;
}

/** @param text bytes, one character each */
export function decodeTransfer(
  encoding: TransferEncoding,
  text: string,
): Buffer {
  return encoding === 'base64'
    ? decodeBase64(text)
    : decodeQuotedPrintable(Buffer.from(text, 'latin1'));
}

/** Padding ends a stretch: a text of several that were joined goes on behind it. */
function decodeBase64(text: string): Buffer {
  const stretches = text
    .replace(/[^A-Za-z0-9+/=]/g, '')
    .split(/=+/)
    .map((digits) => Buffer.from(digits, 'base64'));

  return Buffer.concat(stretches);
}

const EQUALS = 0x3d;
const LF = 0x0a;

/** An equals sign at the end of a line joins it to the next, also where spaces were added behind it on the way. */
function decodeQuotedPrintable(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;

  for (let at = 0; at < bytes.length;) {
    const sign = bytes.indexOf(EQUALS, at);
    const end = sign < 0 ? bytes.length : sign;
    length += bytes.copy(out, length, at, end);
    if (sign < 0) break;

    const value = hexAt(bytes, sign + 1);
    if (value !== undefined) out[length++] = value;

    const lineEnd = value === undefined ? softBreakAt(bytes, sign + 1) : 0;
    if (lineEnd === undefined) out[length++] = EQUALS;

    at = value === undefined ? (lineEnd ?? sign + 1) : sign + 3;
  }

  return out.subarray(0, length);
}

function hexAt(bytes: Buffer, at: number): number | undefined {
  const high = HEX[bytes[at] ?? 0] ?? -1;
  const low = HEX[bytes[at + 1] ?? 0] ?? -1;

  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

/** The values of hexadecimal digits by their bytes; -1 for all others. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = parseInt(String.fromCharCode(byte), 16);

  return Number.isNaN(digit) ? -1 : digit;
});

/** The offset behind a line end that only spaces stand before. */
function softBreakAt(bytes: Buffer, from: number): number | undefined {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at++;

  if (at >= bytes.length) return at;

  return bytes[at] === LF ? at + 1 : undefined;
}
