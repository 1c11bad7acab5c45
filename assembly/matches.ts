/**
 * Matches: earlier bytes that repeat, `length << 16 | distance - 1` in one number, 0 where there is none. They are found in
 * one of two ways, which each caller chooses for good: the compiler leaves the other one out.
 *
 * Pairs, for speed: a bucket holds the last two positions whose bytes have one hash. Both are compared at once, without a
 * branch, before anybody asks whether they are within reach. Chains, for size: each position leads to the one before it
 * with the same hash.
 */
import { CHAIN_HEADS, CHAIN_LINKS, PAIRS, WINDOW_BYTES } from './layout';
import { addressOf, hashOf, reachOf } from './positions';

/** Of the bytes that are hashed, all must be alike. Three that repeat take more bits than they save, as a rule. */
const LEAST_ALIKE: u32 = 4;
const LONGEST_MATCH: u32 = 258;
const LINK_MASK: u32 = WINDOW_BYTES - 1;

/** So many links of a chain are followed. */
let chainDepth: u32 = 0;
/** A match of this length ends the search. */
let enough: u32 = 0;

export function setDepth(depth: u32, length: u32): void {
  chainDepth = depth;
  enough = length;
}

/**
 * The longest match of an address, which is remembered.
 * @param end the bytes from here on are no part of a match
 * @param longerThan shorter ones are not wanted; a chain is followed half as far where there is one already
 */
// @ts-ignore: decorator
@inline
export function findMatch(
  at: u32,
  end: u32,
  longerThan: u32,
  usesChains: bool,
): u32 {
  return usesChains
    ? findInChain(at, end, longerThan)
    : findInPair(at, end, false);
}

/** The same for an address behind one that has a match. */
// @ts-ignore: decorator
@inline
export function lookAhead(
  at: u32,
  end: u32,
  longerThan: u32,
  usesChains: bool,
): u32 {
  return usesChains
    ? findInChain(at, end, longerThan)
    : findInPair(at, end, true);
}

/** Remembers an address without looking for a match. */
// @ts-ignore: decorator
@inline
export function remember(at: u32, usesChains: bool): void {
  if (usesChains) {
    const head = CHAIN_HEADS + hashOf(load<u32>(at)) * 2;
    store<u16>(CHAIN_LINKS + (at & LINK_MASK) * 2, load<u16>(head));
    store<u16>(head, at as u16);
  } else {
    rememberInPair(at);
  }
}

// @ts-ignore: decorator
@inline
export function rememberInPair(at: u32): void {
  const bucket = PAIRS + hashOf(load<u32>(at)) * 4;
  store<u32>(bucket, (load<u32>(bucket) << 16) | (at & 0xffff));
}

/** @param isLikely there is a match most often: nobody asks for it before both addresses are compared */
// @ts-ignore: decorator
@inline
export function findInPair(at: u32, end: u32, isLikely: bool): u32 {
  const bytes = load<u64>(at);
  const bucket = PAIRS + hashOf(bytes as u32) * 4;
  const held = load<u32>(bucket);
  store<u32>(bucket, (held << 16) | (at & 0xffff));

  const latest = addressOf(held & 0xffff, at);
  const earlier = addressOf(held >> 16, at);
  const latestDiffers = bytes ^ load<u64>(latest);
  const earlierDiffers = bytes ^ load<u64>(earlier);

  if (
    !isLikely &&
    (differsSoon(latestDiffers) & differsSoon(earlierDiffers)) != 0
  ) {
    return 0;
  }

  return longestOf(
    at,
    end,
    latest,
    ifWithinReach(alikeBytes(latestDiffers), latest, at),
    earlier,
    ifWithinReach(alikeBytes(earlierDiffers), earlier, at),
  );
}

/** 1 where one of the first four bytes differs, which are too few for a match. */
// @ts-ignore: decorator
@inline
function differsSoon(differing: u64): u32 {
  return (differing as u32) != 0 ? 1 : 0;
}

/** The number of bytes that are alike, of eight. */
// @ts-ignore: decorator
@inline
function alikeBytes(differing: u64): u32 {
  return (ctz<u64>(differing) >> 3) as u32;
}

/** A number of bytes, or 0 for an address that no match may begin at. */
// @ts-ignore: decorator
@inline
function ifWithinReach(bytes: u32, other: u32, at: u32): u32 {
  const isBefore: u32 = other < at ? 1 : 0;
  const isWithin: u32 = other >= reachOf(at) ? 1 : 0;

  return bytes & (0 - (isBefore & isWithin));
}

/**
 * The longer match of two addresses, the latest one where they are equal. Which of them it is nobody can foresee, and a
 * branch that goes wrong costs more than this does: the only one is for long matches.
 */
// @ts-ignore: decorator
@inline
function longestOf(
  at: u32,
  end: u32,
  latest: u32,
  latestAlike: u32,
  earlier: u32,
  earlierAlike: u32,
): u32 {
  const most = min(LONGEST_MATCH, end - at);
  let other = select<u32>(latest, earlier, latestAlike >= earlierAlike);
  let length = max(latestAlike, earlierAlike);

  if (length == 8) {
    length = lengthOf(at, other, most);

    if ((latestAlike & earlierAlike) == 8) {
      const earlierLength = lengthOf(at, earlier, most);
      other = select<u32>(earlier, other, earlierLength > length);
      length = max(length, earlierLength);
    }
  }

  length = min(length, most);

  return select<u32>(packMatch(length, at, other), 0, length >= LEAST_ALIKE);
}

function findInChain(at: u32, end: u32, longerThan: u32): u32 {
  const bytes = load<u32>(at);
  const head = CHAIN_HEADS + hashOf(bytes) * 2;
  const latest = load<u16>(head);
  store<u16>(head, at as u16);
  store<u16>(CHAIN_LINKS + (at & LINK_MASK) * 2, latest);

  const most = min(LONGEST_MATCH, end - at);
  let longest = max(LEAST_ALIKE - 1, longerThan);
  if (longest >= most) return 0;

  const reach = reachOf(at);
  const wanted = min(enough, most);
  let left = longerThan > 0 ? chainDepth >> 1 : chainDepth;
  let match: u32 = 0;
  let from = at;
  let other = addressOf(latest, at);
  // A longer match has the four bytes that would end it.
  let last = load<u32>(at + longest - 3);

  // Links of what left the window lead anywhere: a chain ends where it does not go back.
  while (left > 0 && other < from && other >= reach) {
    if (load<u32>(other + longest - 3) == last) {
      const length = lengthOf(at, other, most);

      if (length > longest) {
        match = packMatch(length, at, other);
        if (length >= wanted) return match;

        longest = length;
        last = load<u32>(at + longest - 3);
      }
    }

    left--;
    from = other;
    other = addressOf(load<u16>(CHAIN_LINKS + (other & LINK_MASK) * 2), other);
  }

  return match;
}

/** The number of bytes that are alike, up to a limit. */
// @ts-ignore: decorator
@inline
function lengthOf(at: u32, other: u32, most: u32): u32 {
  for (let length: u32 = 0; length < most; length += 8) {
    const differing = load<u64>(at + length) ^ load<u64>(other + length);

    if (differing != 0) {
      return min(most, length + ((ctz<u64>(differing) >> 3) as u32));
    }
  }

  return most;
}

// @ts-ignore: decorator
@inline
function packMatch(length: u32, at: u32, other: u32): u32 {
  return (length << 16) | (at - other - 1);
}
