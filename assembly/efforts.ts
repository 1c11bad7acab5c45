/** The levels 1 to 9: each looks at more than the one before it. */
import { setDepth } from './matches';
import { parseChains, parseGreedily, parsePairs } from './parse';

/** Up to this size pairs give nearly what chains give, in less time. */
const SMALL_BYTES: u32 = 8192;
/** Up to this size level 7 finds what there is: to look farther gives matches that are longer, but no smaller streams. */
const MEDIUM_BYTES: u32 = 131072;

/** True where a region of this size is looked through by chains. */
export function followsChains(bytes: u32, level: u32): bool {
  if (level < 2) return false;

  return level > 6 || bytes > SMALL_BYTES;
}

/** Turns a region into blocks. */
export function parse(from: u32, end: u32, level: u32, isFinal: bool): void {
  const bytes = end - from;

  if (level < 2) return parseGreedily(from, end, isFinal);
  if (!followsChains(bytes, level)) return parsePairs(from, end, isFinal);

  chooseDepth(bytes > MEDIUM_BYTES ? level : min<u32>(level, 7));
  parseChains(from, end, isFinal);
}

function chooseDepth(level: u32): void {
  switch (level) {
    case 2:
      return setDepth(4, 16);
    case 3:
      return setDepth(8, 24);
    case 4:
      return setDepth(12, 32);
    case 5:
      return setDepth(20, 64);
    case 6:
      return setDepth(36, 128);
    case 7:
      return setDepth(80, 258);
    case 8:
      return setDepth(160, 258);
    default:
      return setDepth(600, 258);
  }
}
