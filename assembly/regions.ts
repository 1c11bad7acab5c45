/** Cutting data into regions: base64 of what was compressed before, which literals serve, and everything else. */
import {
  findRun,
  findRunEnd,
  forgetLines,
  repeatsLines,
} from './base64';
import { REGIONS } from './layout';
import { looksCompressed } from './samples';

export const TEXT: u32 = 0;
export const LITERALS: u32 = 1;
/** Text that repeats what lies before it, among it regions of literals. */
export const REPEATING: u32 = 2;

/** A run is judged anew after so many bytes. */
const PIECE_BYTES: u32 = 0x10000;
const REGION_BYTES: u32 = 12;

let count: u32 = 0;
/** The text before the next region of literals. */
let textStart: u32 = 0;
let textKind: u32 = TEXT;

/** Cuts data into regions; at least one. Returns their number. */
export function cutRegions(start: u32, end: u32): u32 {
  count = 0;
  textStart = start;
  textKind = TEXT;

  let run = findRun(start, end);
  if (run < end) forgetLines();

  while (run < end) {
    const runEnd = findRunEnd(run, end);
    addRun(run, runEnd);
    run = findRun(runEnd, end);
  }

  if (textStart < end || count == 0) endText(end);

  return count;
}

export function regionStart(index: u32): u32 {
  return load<u32>(REGIONS + index * REGION_BYTES);
}

export function regionEnd(index: u32): u32 {
  return load<u32>(REGIONS + index * REGION_BYTES, 4);
}

export function regionKind(index: u32): u32 {
  return load<u32>(REGIONS + index * REGION_BYTES, 8);
}

function addRun(start: u32, end: u32): void {
  for (let at = start; at < end;) {
    const isLast = end - at < 2 * PIECE_BYTES;
    const pieceEnd = isLast ? end : at + PIECE_BYTES;

    if (repeatsLines(at, pieceEnd)) textKind = REPEATING;
    else if (looksCompressed(at, pieceEnd)) addLiterals(at, pieceEnd);

    at = pieceEnd;
  }
}

function addLiterals(start: u32, end: u32): void {
  if (textStart < start) endText(start);

  const goesOn =
    count > 0 &&
    regionKind(count - 1) == LITERALS &&
    regionEnd(count - 1) == start;

  if (goesOn) store<u32>(REGIONS + (count - 1) * REGION_BYTES, end, 4);
  else addRegion(start, end, LITERALS);

  textStart = end;
  textKind = TEXT;
}

function endText(end: u32): void {
  addRegion(textStart, end, textKind);
}

function addRegion(start: u32, end: u32, kind: u32): void {
  const place = REGIONS + count * REGION_BYTES;
  store<u32>(place, start);
  store<u32>(place, end, 4);
  store<u32>(place, kind, 8);
  count++;
}
