/** Blocks of a deflate stream: stored, with fixed codes or with codes of its own, whichever is smallest (RFC 1951 3.2.3). */
import { makeHeader, putHeader } from './block-header';
import {
  outputAt,
  padToByte,
  pending,
  pendingBits,
  putBits,
  putBytes,
  setOutput,
} from './bit-output';
import { makeBits, makeCodeLengths } from './code-lengths';
import {
  DISTANCE_BITS,
  DISTANCE_CODES,
  DISTANCE_COUNTS,
  DISTANCE_LENGTHS,
  FIXED_DISTANCE_BITS,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LITLEN_BITS,
  FIXED_LITLEN_LENGTHS,
  LENGTH_CODES,
  LITLEN_BITS,
  LITLEN_CODES,
  LITLEN_COUNTS,
  LITLEN_LENGTHS,
  TOKENS,
} from './layout';

const STORED: u32 = 0;
const FIXED: u32 = 1;
const DYNAMIC: u32 = 2;

const END_OF_BLOCK: u32 = 256;
const FIRST_LENGTH: u32 = 257;
/** Four literals of up to 14 bits fit into one store of 64, with the bits that are pending. */
const LONGEST_LITLEN_CODE: u32 = 14;
const LONGEST_DISTANCE_CODE: u32 = 15;
const MOST_STORED_BYTES: u32 = 65535;

/** Prepares what every block needs; called once. */
export function prepareBlocks(): void {
  makeFixedCodes();
  makeLengthCodes();
}

/** The codes that need no header (RFC 1951 3.2.6). */
function makeFixedCodes(): void {
  memory.fill(FIXED_LITLEN_LENGTHS, 8, 144);
  memory.fill(FIXED_LITLEN_LENGTHS + 144, 9, 112);
  memory.fill(FIXED_LITLEN_LENGTHS + 256, 7, 24);
  memory.fill(FIXED_LITLEN_LENGTHS + 280, 8, 8);
  memory.fill(FIXED_DISTANCE_LENGTHS, 5, DISTANCE_CODES);
  makeBits(FIXED_LITLEN_LENGTHS, LITLEN_CODES, FIXED_LITLEN_BITS);
  makeBits(FIXED_DISTANCE_LENGTHS, DISTANCE_CODES, FIXED_DISTANCE_BITS);
}

/** The code and the extra bits of each match length (RFC 1951 3.2.5). */
function makeLengthCodes(): void {
  let length: u32 = 3;

  for (let code: u32 = 0; code < 28; code++) {
    const extra = lengthExtraBits(code);

    for (let value: u32 = 0; value < 1 << extra; value++) {
      setLengthCode(length, value, extra, code);
      length++;
    }
  }

  setLengthCode(258, 0, 0, 28);
}

function setLengthCode(length: u32, value: u32, extra: u32, code: u32): void {
  store<u32>(LENGTH_CODES + length * 4, (value << 16) | (extra << 8) | code);
}

/** @param code counted from the first length on */
function lengthExtraBits(code: u32): u32 {
  return code < 8 || code == 28 ? 0 : (code - 4) >> 2;
}

/** The distance code of a distance (RFC 1951 3.2.5): two codes for each number of significant bits. */
// @ts-ignore: decorator
@inline
export function distanceCode(distance: u32): u32 {
  const value = distance - 1;
  const top = 31 - clz<u32>(value | 1);
  const code = 2 * top + ((value >> (top - 1)) & 1);

  return select<u32>(value, code, value < 2);
}

// @ts-ignore: decorator
@inline
function distanceExtraBits(code: u32): u32 {
  return select<u32>(0, (code >> 1) - 1, code < 4);
}

/** Forgets the symbols that were counted. */
export function clearCounts(): void {
  memory.fill(LITLEN_COUNTS, 0, (LITLEN_CODES + DISTANCE_CODES) * 4);
}

// @ts-ignore: decorator
@inline
export function countLiteral(byte: u32): void {
  const place = LITLEN_COUNTS + byte * 4;
  store<u32>(place, load<u32>(place) + 1);
}

/**
 * Counts a match and lays down its token; returns the place of the next one.
 * @param match `length << 16 | distance - 1`
 */
// @ts-ignore: decorator
@inline
export function addMatch(
  token: u32,
  literals: u32,
  match: u32,
): u32 {
  const length = match >> 16;
  const distance = (match & 0xffff) + 1;
  const lengthCode = load<u8>(LENGTH_CODES + length * 4) as u32;
  const lengthPlace = LITLEN_COUNTS + (FIRST_LENGTH + lengthCode) * 4;
  store<u32>(lengthPlace, load<u32>(lengthPlace) + 1);

  const code = distanceCode(distance);
  const distancePlace = DISTANCE_COUNTS + code * 4;
  store<u32>(distancePlace, load<u32>(distancePlace) + 1);

  const low = (literals | (length << 24)) as u64;
  const high = (code << 1) | (distance << 6) | (length >> 8);
  store<u64>(token, low | ((high as u64) << 32));

  return token + 8;
}

/** Lays down the literals that end a block. */
export function endTokens(token: u32, literals: u32): void {
  store<u64>(token, literals as u64);
}

/** Writes the block whose symbols were counted, and whose tokens begin with literals from `start` on. */
export function putBlock(start: u32, length: u32, isFinal: bool): void {
  store<u32>(LITLEN_COUNTS + END_OF_BLOCK * 4, 1);
  makeCodeLengths(
    LITLEN_COUNTS,
    LITLEN_CODES,
    LONGEST_LITLEN_CODE,
    LITLEN_LENGTHS,
  );
  makeCodeLengths(
    DISTANCE_COUNTS,
    DISTANCE_CODES,
    LONGEST_DISTANCE_CODE,
    DISTANCE_LENGTHS,
  );

  const extraBits = extraBitsOf();
  const dynamicBits =
    makeHeader() + bitsOf(LITLEN_LENGTHS, DISTANCE_LENGTHS) + extraBits;
  const fixedBits =
    bitsOf(FIXED_LITLEN_LENGTHS, FIXED_DISTANCE_LENGTHS) + extraBits;
  const storedBits = storedBitsOf(length);
  const final: u32 = isFinal ? 1 : 0;

  if (storedBits <= min(fixedBits, dynamicBits)) {
    putStored(start, length, final);
  } else if (fixedBits <= dynamicBits) {
    putBits(final | (FIXED << 1), 3);
    putTokens(start, FIXED_LITLEN_BITS, FIXED_DISTANCE_BITS);
  } else {
    putBits(final | (DYNAMIC << 1), 3);
    putHeader();
    makeBits(LITLEN_LENGTHS, LITLEN_CODES, LITLEN_BITS);
    makeBits(DISTANCE_LENGTHS, DISTANCE_CODES, DISTANCE_BITS);
    putTokens(start, LITLEN_BITS, DISTANCE_BITS);
  }
}

/** The bits of the counted symbols with some codes, without extra bits. */
function bitsOf(litlenLengths: u32, distanceLengths: u32): u32 {
  return (
    weightOf(LITLEN_COUNTS, litlenLengths, LITLEN_CODES) +
    weightOf(DISTANCE_COUNTS, distanceLengths, DISTANCE_CODES)
  );
}

/** The sum of counts, each times the length beside it; four at a time. */
// @ts-ignore: decorator
@inline
function weightOf(counts: u32, lengths: u32, codes: u32): u32 {
  let sums = i32x4.splat(0);

  for (let code: u32 = 0; code < codes; code += 4) {
    const four = i32x4.extend_low_i16x8_u(
      i16x8.extend_low_i8x16_u(v128.load32_zero(lengths + code)),
    );
    sums = i32x4.add(sums, i32x4.mul(four, v128.load(counts + code * 4)));
  }

  return (i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)) as u32;
}

/** The extra bits of the counted symbols. */
function extraBitsOf(): u32 {
  let bits: u32 = 0;

  for (let code: u32 = 8; code < 28; code++) {
    const count = load<u32>(LITLEN_COUNTS + (FIRST_LENGTH + code) * 4);
    bits += count * lengthExtraBits(code);
  }

  for (let code: u32 = 4; code < 30; code++) {
    const count = load<u32>(DISTANCE_COUNTS + code * 4);
    bits += count * distanceExtraBits(code);
  }

  return bits;
}

/** Bits after the three of the first block's type: padding, lengths, bytes, and what begins each further block. */
function storedBitsOf(length: u32): u32 {
  const padding = (8 - ((pendingBits + 3) & 7)) & 7;
  const blocks = max<u32>(1, (length + MOST_STORED_BYTES - 1) / MOST_STORED_BYTES);

  return padding + 32 + (blocks - 1) * 40 + length * 8;
}

/** Writes a block as it is. */
export function putStoredBlock(start: u32, length: u32, isFinal: bool): void {
  putStored(start, length, isFinal ? 1 : 0);
}

/** Stored blocks of up to 65,535 bytes (RFC 1951 3.2.4). */
function putStored(start: u32, length: u32, final: u32): void {
  let at = start;
  let left = length;

  do {
    const bytes = min<u32>(left, MOST_STORED_BYTES);
    left -= bytes;

    putBits((left == 0 ? final : 0) | (STORED << 1), 3);
    padToByte();
    putBits(bytes | ((bytes ^ 0xffff) << 16), 32);
    putBytes(at, bytes);
    at += bytes;
  } while (left > 0);
}

/** An empty stored block ends at a byte: another stream may go on from there. */
export function putSyncFlush(): void {
  putStored(0, 0, 0);
}

/**
 * Writes literals and matches. A shift takes its count modulo 64, and the length of a bit string is in its lowest bits: it
 * is a count as it is.
 */
function putTokens(start: u32, litlenBits: u32, distanceBits: u32): void {
  let at = start;
  let token = TOKENS;
  let out = outputAt;
  let bits = pending;
  let count = pendingBits;

  for (;;) {
    const told = load<u64>(token);
    let literals = told as u32 & 0xffffff;
    const length = (told >> 24) as u32 & 0x1ff;
    token += 8;

    for (; literals >= 4; literals -= 4) {
      const bytes = load<u32>(at);
      at += 4;

      const first = codeOf(litlenBits, bytes & 0xff);
      const second = codeOf(litlenBits, (bytes >> 8) & 0xff);
      const third = codeOf(litlenBits, (bytes >> 16) & 0xff);
      const fourth = codeOf(litlenBits, bytes >> 24);
      const half = join(first, second);
      const otherHalf = join(third, fourth);
      const halfCount = (first + second) & 0xff;

      bits |= (half | (otherHalf << (halfCount as u64))) << (count as u64);
      count += halfCount + ((third + fourth) & 0xff);
      store<u64>(out, bits);
      out += count >> 3;
      bits >>= (count & 56) as u64;
      count &= 7;
    }

    // The last three or fewer: what is not there is a bit string of no length.
    const bytes = load<u32>(at);
    at += literals;
    const first = select<u32>(codeOf(litlenBits, bytes & 0xff), 0, literals > 0);
    const second = select<u32>(
      codeOf(litlenBits, (bytes >> 8) & 0xff),
      0,
      literals > 1,
    );
    const third = select<u32>(
      codeOf(litlenBits, (bytes >> 16) & 0xff),
      0,
      literals > 2,
    );
    const half = join(first, second);
    const halfCount = (first + second) & 0xff;

    bits |= (half | ((third >> 8) as u64) << (halfCount as u64)) << (count as u64);
    count += halfCount + (third & 0xff);
    store<u64>(out, bits);
    out += count >> 3;
    bits >>= (count & 56) as u64;
    count &= 7;

    if (length == 0) break;

    const lengthInfo = load<u32>(LENGTH_CODES + length * 4);
    const lengthCode = codeOf(litlenBits, FIRST_LENGTH + (lengthInfo & 0xff));
    const slot = (told >> 33) as u32 & 31;
    const distance = (told >> 38) as u32;
    const distanceExtra = distanceExtraBits(slot);
    const distanceCodeBits = codeOf(distanceBits, slot);
    const extraMask = ((1 as u32) << distanceExtra) - 1;

    const lengthPart =
      ((lengthCode >> 8) as u64) |
      (((lengthInfo >> 16) as u64) << (lengthCode as u64));
    const lengthCount = (lengthCode & 0xff) + ((lengthInfo >> 8) & 0xff);
    const distancePart =
      ((distanceCodeBits >> 8) as u64) |
      ((((distance - 1) & extraMask) as u64) << (distanceCodeBits as u64));
    const distanceCount = (distanceCodeBits & 0xff) + distanceExtra;

    bits |= (lengthPart | (distancePart << (lengthCount as u64))) << (count as u64);
    count += lengthCount + distanceCount;
    store<u64>(out, bits);
    out += count >> 3;
    bits >>= (count & 56) as u64;
    count &= 7;
    at += length;
  }

  setOutput(out, bits, count);

  const end = codeOf(litlenBits, END_OF_BLOCK);
  putBits(end >> 8, end & 0xff);
}

// @ts-ignore: decorator
@inline
function codeOf(table: u32, symbol: u32): u32 {
  return load<u32>(table + symbol * 4);
}

/** Two bit strings, one after the other. */
// @ts-ignore: decorator
@inline
function join(first: u32, second: u32): u64 {
  return ((first >> 8) as u64) | (((second >> 8) as u64) << (first as u64));
}
