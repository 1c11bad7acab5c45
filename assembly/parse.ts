/** Turning data into literals and matches: greedily, or looking one byte ahead for a better match. */
import {
  addMatch,
  clearCounts,
  countLiteral,
  endTokens,
  putBlock,
  putStoredBlock,
} from './block';
import { TOKENS } from './layout';
import {
  findInPair,
  findMatch,
  lookAhead,
  remember,
  rememberInPair,
} from './matches';
import { leastLength, looksLikeNoise } from './samples';

/** After so many bytes other codes may serve better. */
const BLOCK_BYTES: u32 = 0x8000;
/** A match of this length is taken as it is. */
const GOOD_LENGTH: u32 = 32;
/** How much better a match must be that begins one byte later, in quarters of a byte. */
const BETTER_BY: i32 = 2;

/** Takes each match that a pair gives. */
export function parseGreedily(from: u32, end: u32, isFinal: bool): void {
  for (let start = from; start < end;) {
    const blockEnd = min(end, start + BLOCK_BYTES);

    if (looksLikeNoise(start, blockEnd)) {
      putStoredBlock(start, blockEnd - start, isFinal && blockEnd == end);
      start = blockEnd;
      continue;
    }

    let at = start;
    let firstLiteral = at;
    let token = TOKENS;
    const least = leastLength(start, blockEnd);
    clearCounts();

    while (at < blockEnd) {
      const match = findInPair(at, end, false);

      if (match >> 16 < least) {
        countLiteral(load<u8>(at));
        at++;
        continue;
      }

      token = addMatch(token, at - firstLiteral, match);

      const next = at + (match >> 16);
      for (at++; at < next; at++) rememberInPair(at);
      firstLiteral = at;
    }

    endTokens(token, at - firstLiteral);
    putBlock(start, at - start, isFinal && at == end);
    start = at;
  }
}

/** Takes a match that a pair gives unless a better one begins one byte later. */
export function parsePairs(from: u32, end: u32, isFinal: bool): void {
  parseLazily(from, end, isFinal, false);
}

/** The same with the matches of chains. */
export function parseChains(from: u32, end: u32, isFinal: bool): void {
  parseLazily(from, end, isFinal, true);
}

// @ts-ignore: decorator
@inline
function parseLazily(
  from: u32,
  end: u32,
  isFinal: bool,
  usesChains: bool,
): void {
  for (let start = from; start < end;) {
    const blockEnd = min(end, start + BLOCK_BYTES);

    if (looksLikeNoise(start, blockEnd)) {
      putStoredBlock(start, blockEnd - start, isFinal && blockEnd == end);
      start = blockEnd;
      continue;
    }

    let at = start;
    let firstLiteral = at;
    let token = TOKENS;
    const least = leastLength(start, blockEnd);
    clearCounts();

    while (at < blockEnd) {
      let match = findMatch(at, end, 0, usesChains);

      if (match >> 16 < least) {
        countLiteral(load<u8>(at));
        at++;
        continue;
      }

      // Up to here addresses are remembered.
      let remembered = at + 1;

      while (match >> 16 < GOOD_LENGTH && at + 1 < end) {
        const longerThan = (match >> 16) - 1;

        const next = lookAhead(at + 1, end, longerThan, usesChains);
        remembered = at + 2;

        if (!isBetter(next, match)) break;

        countLiteral(load<u8>(at));
        at++;
        match = next;
      }

      token = addMatch(token, at - firstLiteral, match);
      at += match >> 16;
      for (; remembered < at; remembered++) remember(remembered, usesChains);
      firstLiteral = at;
    }

    endTokens(token, at - firstLiteral);
    putBlock(start, at - start, isFinal && at == end);
    start = at;
  }
}

/**
 * True when a later match saves more than the literals before it cost: each byte of length counts four times, each bit of
 * the distance once.
 */
// @ts-ignore: decorator
@inline
function isBetter(later: u32, match: u32): bool {
  const longer = ((later >> 16) as i32) - ((match >> 16) as i32);
  const nearer =
    (clz<u32>((later & 0xffff) | 1) as i32) -
    (clz<u32>((match & 0xffff) | 1) as i32);

  const isAsLong: u32 = longer >= 0 ? 1 : 0;
  const isWorthIt: u32 = 4 * longer + nearer > BETTER_BY ? 1 : 0;

  // One branch in the place of two: a guess that goes wrong costs more than both answers.
  return (isAsLong & isWorthIt) == 1;
}
