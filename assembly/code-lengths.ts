/** Huffman code lengths for counted symbols, none longer than a limit, and the bit strings that follow from them. */
import {
  LENGTH_COUNTS,
  NEXT_CODES,
  SORTED_KEYS,
  SORT_STARTS,
  UNSORTED_KEYS,
  WEIGHTS,
} from './layout';

const SYMBOL_BITS: u32 = 9;
const SYMBOL_MASK: u32 = (1 << SYMBOL_BITS) - 1;
/** Counts from here on are sorted by comparison: they are few. */
const RARE_COUNTS: u32 = 64;
/** So many symbols are sorted by comparison alone. */
const FEW_SYMBOLS: u32 = 24;
const LONGEST_CODE: u32 = 15;
/** Heavier than any tree. */
const NEVER_LIGHTEST: u32 = 0xffffffff;

/**
 * Gives each symbol that occurs a code length. A code always has two symbols at least: an encoder of one symbol would
 * need a code that inflaters treat differently (RFC 1951 3.2.7).
 */
export function makeCodeLengths(
  counts: u32,
  symbols: u32,
  limit: u32,
  lengths: u32,
): void {
  memory.fill(lengths, 0, symbols);

  const used = sortSymbols(counts, symbols);
  if (used < 2) {
    const symbol = used == 0 ? 0 : load<u32>(SORTED_KEYS) & SYMBOL_MASK;
    store<u8>(lengths + symbol, 1);
    store<u8>(lengths + (symbol == 0 ? 1 : 0), 1);
    return;
  }

  findDepths(used);
  limitDepths(used, limit);
  assignLengths(used, limit, lengths);
}

/** Sorts the symbols that occur by their count, rare ones first; returns their number. */
function sortSymbols(counts: u32, symbols: u32): u32 {
  const used = collectSymbols(counts, symbols);

  if (used <= FEW_SYMBOLS) {
    memory.copy(SORTED_KEYS, UNSORTED_KEYS, used * 4);
    sortByComparison(0, used);
  } else {
    sortByCount(used);
  }

  return used;
}

/** Makes a key of each symbol that occurs, in the order of symbols; returns their number. */
function collectSymbols(counts: u32, symbols: u32): u32 {
  let used: u32 = 0;

  for (let first: u32 = 0; first < symbols; first += 4) {
    const place = counts + first * 4;
    if (!v128.any_true(v128.load(place))) continue;

    for (let symbol = first; symbol < first + 4; symbol++) {
      const count = load<u32>(counts + symbol * 4);
      store<u32>(UNSORTED_KEYS + used * 4, (count << SYMBOL_BITS) | symbol);
      used += count > 0 ? 1 : 0;
    }
  }

  return used;
}

/** Lays the keys of rare symbols where their count says, and sorts those of the others behind them. */
function sortByCount(used: u32): void {
  memory.fill(SORT_STARTS, 0, (RARE_COUNTS + 1) * 4);

  for (let index: u32 = 0; index < used; index++) {
    const place = sortPlace(load<u32>(UNSORTED_KEYS + index * 4));
    store<u32>(place, load<u32>(place) + 1);
  }

  let start: u32 = 0;
  for (let count: u32 = 1; count <= RARE_COUNTS; count++) {
    const place = SORT_STARTS + count * 4;
    const size = load<u32>(place);
    store<u32>(place, start);
    start += size;
  }

  for (let index: u32 = 0; index < used; index++) {
    const key = load<u32>(UNSORTED_KEYS + index * 4);
    const place = sortPlace(key);
    const sorted = load<u32>(place);
    store<u32>(place, sorted + 1);
    store<u32>(SORTED_KEYS + sorted * 4, key);
  }

  sortByComparison(load<u32>(SORT_STARTS + (RARE_COUNTS - 1) * 4), used);
}

/** Where it is noted how many keys have the count of this one, and then where the next of them goes. */
// @ts-ignore: decorator
@inline
function sortPlace(key: u32): u32 {
  return SORT_STARTS + min<u32>(key >> SYMBOL_BITS, RARE_COUNTS) * 4;
}

/** Sorts keys in their place. */
function sortByComparison(from: u32, end: u32): void {
  for (let index = from + 1; index < end; index++) {
    const key = load<u32>(SORTED_KEYS + index * 4);
    let place = SORTED_KEYS + index * 4;

    while (place > SORTED_KEYS + from * 4 && load<u32>(place - 4) > key) {
      store<u32>(place, load<u32>(place - 4));
      place -= 4;
    }

    store<u32>(place, key);
  }
}

/**
 * The depth of each leaf of the Huffman tree, in the memory of the weights, by the method of Moffat and Katajainen
 * (In-Place Calculation of Minimum-Redundancy Codes, 1995): weights, then parents, then depths.
 */
function findDepths(used: u32): void {
  for (let index: u32 = 0; index < used; index++) {
    setWeight(index, load<u32>(SORTED_KEYS + index * 4) >> SYMBOL_BITS);
  }

  joinTrees(used);

  // Parents become depths of inner nodes, from the root down.
  setWeight(used - 2, 0);
  for (let node = <i32>used - 3; node >= 0; node--) {
    setWeight(node, weight(weight(node)) + 1);
  }

  // Each level has as many leaves as it has places that are not inner nodes.
  let places: u32 = 1;
  let depth: u32 = 0;
  let inner = <i32>used - 2;
  let leaf = <i32>used - 1;

  while (places > 0) {
    let innerHere: u32 = 0;
    while (inner >= 0 && weight(inner) == depth) {
      innerHere++;
      inner--;
    }

    while (places > innerHere) {
      setWeight(leaf, depth);
      leaf--;
      places--;
    }

    places = 2 * innerHere;
    depth++;
  }
}

/** Joins the two lightest trees until one is left; each inner node then holds the index of its parent. */
function joinTrees(used: u32): void {
  let leaf: u32 = 0;
  let root: u32 = 0;
  setWeight(used, NEVER_LIGHTEST);

  for (let next: u32 = 0; next < used - 1; next++) {
    let sum: u32 = 0;

    // Which of the two is lighter nobody can foresee: there is no branch.
    for (let side = 0; side < 2; side++) {
      const tree = weight(root);
      const treeWeight = select<u32>(tree, NEVER_LIGHTEST, root < next);
      const leafWeight = weight(leaf);
      const takesTree: u32 = treeWeight < leafWeight ? 1 : 0;

      sum += min(treeWeight, leafWeight);
      setWeight(root, select<u32>(next, tree, takesTree));
      root += takesTree;
      leaf += 1 - takesTree;
    }

    setWeight(next, sum);
  }
}

// @ts-ignore: decorator
@inline
function weight(index: u32): u32 {
  return load<u32>(WEIGHTS + index * 4);
}

// @ts-ignore: decorator
@inline
function setWeight(index: u32, value: u32): void {
  store<u32>(WEIGHTS + index * 4, value);
}

/** Counts the codes of each length; those that are too long take the place of shorter ones, as few as possible. */
function limitDepths(used: u32, limit: u32): void {
  memory.fill(LENGTH_COUNTS, 0, 16 * 4);

  // The share of all bit strings that the codes take, in parts of the shortest share.
  let taken: u32 = 0;
  for (let index: u32 = 0; index < used; index++) {
    const depth = min<u32>(weight(index), limit);
    addLength(depth, 1);
    taken += 1 << (limit - depth);
  }

  // A code that becomes one longer makes room for one at the limit that becomes its sister.
  while (taken > 1 << limit) {
    let depth = limit - 1;
    while (lengthCount(depth) == 0) depth--;

    addLength(depth, -1);
    addLength(depth + 1, 2);
    addLength(limit, -1);
    taken--;
  }
}

// @ts-ignore: decorator
@inline
function lengthCount(length: u32): u32 {
  return load<u32>(LENGTH_COUNTS + length * 4);
}

// @ts-ignore: decorator
@inline
function addLength(length: u32, change: i32): void {
  const place = LENGTH_COUNTS + length * 4;
  store<u32>(place, load<u32>(place) + change);
}

/** The rarest symbols get the longest codes. */
function assignLengths(used: u32, limit: u32, lengths: u32): void {
  let index: u32 = 0;

  for (let length = limit; length > 0; length--) {
    for (let left = lengthCount(length); left > 0; left--) {
      const symbol = load<u32>(SORTED_KEYS + index * 4) & SYMBOL_MASK;
      store<u8>(lengths + symbol, <u8>length);
      index++;
    }
  }
}

/**
 * The bit strings of code lengths (RFC 1951 3.2.2), each reversed, for it is sent from its most significant bit on. Symbols
 * without a code keep what they had.
 */
export function makeBits(lengths: u32, symbols: u32, bits: u32): void {
  memory.fill(LENGTH_COUNTS, 0, 16 * 4);
  for (let first: u32 = 0; first < symbols; first += 8) {
    if (load<u64>(lengths + first) == 0) continue;

    const end = min(first + 8, symbols);
    for (let symbol = first; symbol < end; symbol++) {
      addLength(load<u8>(lengths + symbol), 1);
    }
  }

  store<u32>(LENGTH_COUNTS, 0);
  let code: u32 = 0;
  for (let length: u32 = 1; length <= LONGEST_CODE; length++) {
    code = (code + lengthCount(length - 1)) << 1;
    store<u32>(NEXT_CODES + length * 4, code);
  }

  for (let first: u32 = 0; first < symbols; first += 8) {
    if (load<u64>(lengths + first) == 0) continue;

    const end = min(first + 8, symbols);
    for (let symbol = first; symbol < end; symbol++) {
      const length: u32 = load<u8>(lengths + symbol);
      if (length > 0) giveNextCode(length, bits + symbol * 4);
    }
  }
}

// @ts-ignore: decorator
@inline
function giveNextCode(length: u32, bits: u32): void {
  const place = NEXT_CODES + length * 4;
  const next = load<u32>(place);
  store<u32>(place, next + 1);
  store<u32>(bits, (reverse(next, length) << 8) | length);
}

/** The lowest bits in reverse order. */
// @ts-ignore: decorator
@inline
function reverse(code: u32, bits: u32): u32 {
  let all = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
  all = ((all & 0x3333) << 2) | ((all >> 2) & 0x3333);
  all = ((all & 0x0f0f) << 4) | ((all >> 4) & 0x0f0f);
  all = ((all & 0x00ff) << 8) | (all >> 8);

  return all >> (16 - bits);
}
