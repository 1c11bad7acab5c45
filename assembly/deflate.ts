/** One deflate stream, or a part of one, of the data that lie in memory. */
import { beginOutput, outputAt, padToByte, putBits } from './bit-output';
import { putSyncFlush } from './block';
import { followsChains, parse } from './efforts';
import { OUTPUT, WINDOW_BYTES } from './layout';
import { putLiterals } from './literal-block';
import { remember } from './matches';
import { begin, placeFor } from './positions';
import {
  cutRegions,
  LITERALS,
  regionEnd,
  regionKind,
  REPEATING,
  regionStart,
} from './regions';

/** The data lie here. */
let start: u32 = 0;
let end: u32 = 0;

/** The address for data and the bytes before them, which matches may reach. */
export function place(windowBytes: u32, bytes: u32): u32 {
  const address = placeFor(windowBytes + bytes);
  start = address + windowBytes;
  end = start + bytes;

  return address;
}

/**
 * Deflates the data.
 * @param isFinal the stream ends here; else it ends at a byte, and another part may follow
 * @returns the number of bytes in the output
 */
export function deflate(level: u32, isFinal: bool): u32 {
  // Bytes behind the data are looked at, but never meant: they must not be those of other data.
  memory.fill(end, 0, 32);
  beginOutput(OUTPUT);

  const regions = cutRegions(start, end);
  for (let index: u32 = 0; index < regions; index++) {
    putRegion(index, level, isFinal && index == regions - 1);
  }

  if (isFinal) {
    // A final block without data: fixed codes, and the end of the block (RFC 1951 3.2.6).
    if (start == end) putBits(3, 10);
    padToByte();
  } else {
    putSyncFlush();
  }

  return outputAt - OUTPUT;
}

function putRegion(index: u32, level: u32, isFinal: bool): void {
  const from = regionStart(index);
  const to = regionEnd(index);
  const kind = regionKind(index);

  if (kind == LITERALS) {
    putLiterals(from, to, isFinal);
    return;
  }

  const isFollowing = from > begin && (index == 0 || kind == REPEATING);
  if (isFollowing) rememberWindow(from, followsChains(to - from, level));

  parse(from, to, level, isFinal);
}

/** Remembers what lies before an address, up to a window. */
function rememberWindow(to: u32, usesChains: bool): void {
  const from = max(begin, to - WINDOW_BYTES);

  if (usesChains) for (let at = from; at < to; at++) remember(at, true);
  else for (let at = from; at < to; at++) remember(at, false);
}
