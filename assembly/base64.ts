/**
 * Finding base64 in mail (RFC 4648 §4, in lines as RFC 2045 6.8 has them). A wrong guess costs size or time, never
 * correctness.
 */
import {
  LINES,
  LINE_HASH_BITS,
  WINDOW_BYTES,
} from './layout';

/** A shorter run saves less than the codes of two more blocks take. */
const LEAST_RUN_BYTES: u32 = 1024;
/** So many lines that were there before are no accident. */
const REPEATED_LINES: u32 = 4;
const LINE_FEED: i8 = 10;
/** An address takes so many bits of a note; above it is the number of the look that noted it. */
const ADDRESS_BITS: u32 = 22;
const HASH_FACTOR: u64 = 0x9e3779b97f4a7c15;

/** The number of the present look, never 0. */
let look: u32 = 0;

/** Where the next run of base64 begins, or the end: an address whose following bytes are of the alphabet, line ends included. */
export function findRun(from: u32, end: u32): u32 {
  let start = from;

  // Looking from the far end of a possible run, text is passed in large steps.
  while (start + LEAST_RUN_BYTES <= end) {
    let at = start + LEAST_RUN_BYTES;
    let others: u32 = 0;

    while (others == 0 && at > start) {
      at -= 16;
      others = otherBytes(v128.load(at));
    }

    if (others == 0) return start;

    start = at + 32 - clz<u32>(others);
  }

  return end;
}

/** Where a run that begins at an address ends. */
export function findRunEnd(start: u32, end: u32): u32 {
  let at = start;

  for (; at + 16 <= end; at += 16) {
    const others = otherBytes(v128.load(at));
    if (others != 0) return at + ctz<u32>(others);
  }

  // The bytes behind the data are zero.
  return min(end, at + ctz<u32>(otherBytes(v128.load(at)) | 0x10000));
}

/**
 * A bit for each byte that is not of the alphabet. A letter is named by the upper half of its byte, which stands for a set,
 * and the lower half, which has a bit for each set that it is in.
 */
// @ts-ignore: decorator
@inline
function otherBytes(bytes: v128): u32 {
  const sets = i8x16(1, 0, 2, 4, 8, 16, 8, 16, 0, 0, 0, 0, 0, 0, 0, 0);
  const members = i8x16(
    20, 28, 28, 28, 28, 28, 28, 28, 28, 28, 25, 10, 8, 13, 8, 10,
  );
  const upper = i8x16.shr_u(bytes, 4);
  const lower = v128.and(bytes, i8x16.splat(15));
  const common = v128.and(
    i8x16.swizzle(sets, upper),
    i8x16.swizzle(members, lower),
  );

  return i8x16.bitmask(i8x16.eq(common, i8x16.splat(0))) as u32;
}

/** Forgets the lines that were seen: what was noted under an earlier number counts no more. */
export function forgetLines(): void {
  look++;
  if (look < 1 << (32 - ADDRESS_BITS)) return;

  memory.fill(LINES, 0, 4 << LINE_HASH_BITS);
  look = 1;
}

/** True when lines of a run were there before: an attachment that comes twice. Each line is remembered. */
export function repeatsLines(start: u32, end: u32): bool {
  let repeated: u32 = 0;

  for (let at = start; at + 16 <= end; at += 16) {
    const lineFeeds = i8x16.eq(v128.load(at), i8x16.splat(LINE_FEED));
    let ends = i8x16.bitmask(lineFeeds) as u32;

    for (; ends != 0; ends &= ends - 1) {
      const line = at + ctz<u32>(ends) + 1;
      if (line + 16 <= end && wasSeen(line)) repeated++;
    }
  }

  return repeated >= REPEATED_LINES;
}

/** True when the first letters of a line are those of another one within the window. */
function wasSeen(line: u32): bool {
  const letters = load<u64>(line);
  const hash = (letters * HASH_FACTOR) >> (64 - LINE_HASH_BITS);
  const place = LINES + (hash as u32) * 4;
  const noted = load<u32>(place);
  const earlier = noted & ((1 << ADDRESS_BITS) - 1);
  store<u32>(place, (look << ADDRESS_BITS) | line);

  return (
    noted >> ADDRESS_BITS == look &&
    earlier + WINDOW_BYTES >= line &&
    load<u64>(earlier) == letters &&
    load<u64>(earlier + 8) == load<u64>(line + 8)
  );
}
