/** The levels 1 to 9: each looks at more than the one before it. */
import { setDepth } from './matches';
import {
  parseChains,
  parseGreedily,
  parsePairs,
  parseThoroughly,
} from './parse';

/** Up to this size pairs give nearly what chains give, in less time. */
const SMALL_BYTES: u32 = 8192;

/** True where a region of this size is looked through by chains. */
export function followsChains(bytes: u32, level: u32): bool {
  if (level < 4) return false;
  if (level > 6) return true;

  return bytes > (level == 4 ? 2 * SMALL_BYTES : SMALL_BYTES);
}

/** Turns a region into blocks. */
export function parse(from: u32, end: u32, level: u32, isFinal: bool): void {
  if (level < 2) return parseGreedily(from, end, isFinal);
  if (!followsChains(end - from, level)) return parsePairs(from, end, isFinal);

  switch (level) {
    case 4:
      setDepth(12, 32);
      return parseChains(from, end, isFinal);
    case 5:
      setDepth(20, 64);
      return parseChains(from, end, isFinal);
    case 6:
      setDepth(36, 128);
      return parseChains(from, end, isFinal);
    case 7:
      setDepth(80, 258);
      return parseChains(from, end, isFinal);
    case 8:
      setDepth(160, 258);
      return parseThoroughly(from, end, isFinal);
    default:
      setDepth(600, 258);
      return parseThoroughly(from, end, isFinal);
  }
}
