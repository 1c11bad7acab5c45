/** The header of a dynamic block: the code lengths of both alphabets, themselves coded (RFC 1951 3.2.7). */
import { putBits } from './bit-output';
import { makeBits, makeCodeLengths } from './code-lengths';
import {
  DISTANCE_LENGTHS,
  HEADER_BITS,
  HEADER_CODE_LENGTHS,
  HEADER_COUNTS,
  HEADER_LENGTHS,
  HEADER_SYMBOLS,
  LITLEN_LENGTHS,
} from './layout';

const HEADER_CODES: u32 = 19;
/** Counts are looked at four at a time. */
const HEADER_COUNTS_BYTES: u32 = 20 * 4;
const LONGEST_HEADER_CODE: u32 = 7;
const COPY_PREVIOUS: u32 = 16;
const FEW_ZEROS: u32 = 17;
const MANY_ZEROS: u32 = 18;

/** The counts of codes that the header of the block under construction describes. */
let litlenCodes: u32 = 0;
let distanceCodes: u32 = 0;
let codeLengths: u32 = 0;
let symbols: u32 = 0;

/** Makes the header of a block from its code lengths; returns its bits. */
export function makeHeader(): u32 {
  litlenCodes = 286;
  while (litlenCodes > 257 && load<u8>(LITLEN_LENGTHS + litlenCodes - 1) == 0) {
    litlenCodes--;
  }

  distanceCodes = 30;
  while (
    distanceCodes > 1 &&
    load<u8>(DISTANCE_LENGTHS + distanceCodes - 1) == 0
  ) {
    distanceCodes--;
  }

  memory.copy(HEADER_LENGTHS, LITLEN_LENGTHS, litlenCodes);
  memory.copy(HEADER_LENGTHS + litlenCodes, DISTANCE_LENGTHS, distanceCodes);
  findSymbols(litlenCodes + distanceCodes);

  makeCodeLengths(
    HEADER_COUNTS,
    HEADER_CODES,
    LONGEST_HEADER_CODE,
    HEADER_CODE_LENGTHS,
  );

  codeLengths = HEADER_CODES;
  while (
    codeLengths > 4 &&
    load<u8>(HEADER_CODE_LENGTHS + placeInHeader(codeLengths - 1)) == 0
  ) {
    codeLengths--;
  }

  return headerSize();
}

/** The order in which a header lists the lengths of its own codes. */
function placeInHeader(index: u32): u32 {
  // 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15
  if (index < 3) return 16 + index;
  if (index == 3) return 0;

  const step = (index - 4) >> 1;

  return (index & 1) == 0 ? 8 + step : 7 - step;
}

/** Turns the row of code lengths into symbols that tell of runs. */
function findSymbols(lengths: u32): void {
  memory.fill(HEADER_COUNTS, 0, HEADER_COUNTS_BYTES);
  symbols = 0;

  for (let at: u32 = 0; at < lengths;) {
    const length: u32 = load<u8>(HEADER_LENGTHS + at);
    const end = endOfRun(at, length, lengths);

    if (length == 0) {
      addZeros(end - at);
    } else {
      addSymbol(length, 0);
      addRepeats(length, end - at - 1);
    }

    at = end;
  }
}

/** Where another length than this one follows, or the end. */
// @ts-ignore: decorator
@inline
function endOfRun(at: u32, length: u32, lengths: u32): u32 {
  let end = at + 1;

  if (length == 0) {
    // Most runs are of zeros.
    while (end + 8 <= lengths && load<u64>(HEADER_LENGTHS + end) == 0) end += 8;
  }

  while (end < lengths && load<u8>(HEADER_LENGTHS + end) == length) end++;

  return end;
}

function addZeros(run: u32): void {
  while (run >= 11) {
    const count = min<u32>(run, 138);
    addSymbol(MANY_ZEROS, count - 11);
    run -= count;
  }

  if (run >= 3) addSymbol(FEW_ZEROS, run - 3);
  else for (; run > 0; run--) addSymbol(0, 0);
}

function addRepeats(length: u32, run: u32): void {
  while (run >= 3) {
    // A run of seven or eight is two that can be told of, not one and a rest.
    const count = run == 7 || run == 8 ? 4 : min<u32>(run, 6);
    addSymbol(COPY_PREVIOUS, count - 3);
    run -= count;
  }

  for (; run > 0; run--) addSymbol(length, 0);
}

function addSymbol(symbol: u32, extra: u32): void {
  store<u16>(HEADER_SYMBOLS + symbols * 2, <u16>((extra << 8) | symbol));
  symbols++;

  const place = HEADER_COUNTS + symbol * 4;
  store<u32>(place, load<u32>(place) + 1);
}

/** The number of extra bits of a symbol. */
function extraBits(symbol: u32): u32 {
  if (symbol < COPY_PREVIOUS) return 0;
  if (symbol == COPY_PREVIOUS) return 2;

  return symbol == FEW_ZEROS ? 3 : 7;
}

function headerSize(): u32 {
  let bits: u32 = 5 + 5 + 4 + 3 * codeLengths;

  for (let symbol: u32 = 0; symbol < HEADER_CODES; symbol++) {
    const count = load<u32>(HEADER_COUNTS + symbol * 4);
    const length: u32 = load<u8>(HEADER_CODE_LENGTHS + symbol);
    bits += count * (length + extraBits(symbol));
  }

  return bits;
}

/** Writes the header that `makeHeader` made. */
export function putHeader(): void {
  putBits(litlenCodes - 257, 5);
  putBits(distanceCodes - 1, 5);
  putBits(codeLengths - 4, 4);

  for (let index: u32 = 0; index < codeLengths; index++) {
    putBits(load<u8>(HEADER_CODE_LENGTHS + placeInHeader(index)), 3);
  }

  makeBits(HEADER_CODE_LENGTHS, HEADER_CODES, HEADER_BITS);

  for (let index: u32 = 0; index < symbols; index++) {
    const told: u32 = load<u16>(HEADER_SYMBOLS + index * 2);
    const symbol = told & 0xff;
    const code = load<u32>(HEADER_BITS + symbol * 4);
    const length = code & 0xff;

    putBits(
      (code >> 8) | ((told >> 8) << length),
      length + extraBits(symbol),
    );
  }
}
