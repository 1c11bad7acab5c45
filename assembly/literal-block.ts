/** Base64 of what was compressed before: literals alone, for matches are not to be had. */
import { clearCounts, endTokens, putBlock } from './block';
import { LITLEN_COUNTS, SPARE_COUNTS, TOKENS } from './layout';

/** Letters are alike all over such data: a longer block only spares headers. */
const BLOCK_BYTES: u32 = 0x20000;

/** Puts data as blocks without matches. */
export function putLiterals(from: u32, end: u32, isFinal: bool): void {
  for (let at = from; at < end;) {
    const length = min(end - at, BLOCK_BYTES);
    countLiterals(at, at + length);
    endTokens(TOKENS, length);
    putBlock(at, length, isFinal && at + length == end);
    at += length;
  }
}

/** Four bytes at a time, each into a histogram of its own. */
function countLiterals(from: u32, end: u32): void {
  clearCounts();
  memory.fill(SPARE_COUNTS, 0, 3 * 1024);

  let at = from;
  for (; at + 4 <= end; at += 4) {
    const bytes = load<u32>(at);
    count(LITLEN_COUNTS, bytes & 0xff);
    count(SPARE_COUNTS, (bytes >> 8) & 0xff);
    count(SPARE_COUNTS + 1024, (bytes >> 16) & 0xff);
    count(SPARE_COUNTS + 2048, bytes >> 24);
  }

  for (; at < end; at++) count(LITLEN_COUNTS, load<u8>(at));

  for (let place: u32 = 0; place < 1024; place += 4) {
    const sum =
      load<u32>(LITLEN_COUNTS + place) +
      load<u32>(SPARE_COUNTS + place) +
      load<u32>(SPARE_COUNTS + 1024 + place) +
      load<u32>(SPARE_COUNTS + 2048 + place);

    store<u32>(LITLEN_COUNTS + place, sum);
  }
}

// @ts-ignore: decorator
@inline
function count(histogram: u32, byte: u32): void {
  const place = histogram + byte * 4;
  store<u32>(place, load<u32>(place) + 1);
}
