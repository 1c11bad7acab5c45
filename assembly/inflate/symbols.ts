/** Blocks of literals and matches. */
import { distanceBits, litlenBits } from './codes';
import { DISTANCE_TABLE, LITLEN_TABLE, OUTPUT } from './layout';
import { EXCEPTION, LAST, LITERAL, VALUE_SHIFT } from './meanings';
import {
  bitCount,
  bits,
  freeBytes,
  giveBackBytes,
  inputAt,
  inputEnd,
  isWithinInput,
  outputAt,
  outputEnd,
  READ_AHEAD_BYTES,
  setInput,
  setOutput,
} from './stream';

/** Enough for a distance that its first table tells (9 + 13), a lookup (11), and the two bits lower down. */
const BITS_FOR_DISTANCE: u32 = 36;

/**
 * Inflates literals and matches up to the end of their block. The next symbol is looked up before a match is copied, and
 * before bits are filled up: those are there already.
 *
 * A round takes 53 bits at most before it fills up: three literals of eleven bits, and a length of fifteen with five
 * extra ones. It writes three literals, a match, and the bytes by which a copy goes farther.
 */
export function inflateSymbols(): bool {
  // Two bits lower down there are not of the stream: what is looked up is four times the index.
  giveBackBytes();
  let next = bits << 2;
  let count = bitCount + 2;
  let at = inputAt;
  let out = outputAt;
  let isEnd = false;
  const mask: u32 = ((1 << litlenBits) - 1) << 2;
  const distanceMask: u32 = ((1 << distanceBits) - 1) << 2;
  const lastAt = inputEnd + READ_AHEAD_BYTES;
  const lastOut = outputEnd;

  next |= load<u64>(at) << (count as u64);
  at += freeBytes(count);
  count |= 56;
  let entry = load<u32>((next as u32) & mask, LITLEN_TABLE);

  while (out <= lastOut && at <= lastAt) {
    if ((entry & LITERAL) != 0) {
      store<u8>(out, entry >> VALUE_SHIFT);
      out++;
      next >>= entry as u64;
      count -= entry;
      entry = load<u32>((next as u32) & mask, LITLEN_TABLE);

      if ((entry & LITERAL) != 0) {
        store<u8>(out, entry >> VALUE_SHIFT);
        out++;
        next >>= entry as u64;
        count -= entry;
        entry = load<u32>((next as u32) & mask, LITLEN_TABLE);

        if ((entry & LITERAL) != 0) {
          store<u8>(out, entry >> VALUE_SHIFT);
          out++;
          next >>= entry as u64;
          count -= entry;
          entry = load<u32>((next as u32) & mask, LITLEN_TABLE);

          if ((entry & LITERAL) != 0) {
            store<u8>(out, entry >> VALUE_SHIFT);
            out++;
            next >>= entry as u64;
            count -= entry;
            entry = load<u32>((next as u32) & mask, LITLEN_TABLE);

            next |= load<u64>(at) << (count as u64);
            at += freeBytes(count);
            count |= 56;
            continue;
          }
        }
      }
    }

    if ((entry & EXCEPTION) != 0) {
      if ((entry & LAST) == 0) {
        next >>= entry as u64;
        count -= entry;
        entry = load<u32>(secondPlace(entry, next), LITLEN_TABLE);
      }

      if ((entry & EXCEPTION) != 0) {
        next >>= entry as u64;
        count -= entry;
        isEnd = entry >> VALUE_SHIFT == 1;
        break;
      }

      if ((entry & LITERAL) != 0) {
        store<u8>(out, entry >> VALUE_SHIFT);
        out++;
        next >>= entry as u64;
        count -= entry;

        next |= load<u64>(at) << (count as u64);
        at += freeBytes(count);
        count |= 56;
        entry = load<u32>((next as u32) & mask, LITLEN_TABLE);
        continue;
      }
    }

    const length = valueOf(entry, next);
    next >>= entry as u64;
    count -= entry;

    if ((count & 63) < BITS_FOR_DISTANCE) {
      next |= load<u64>(at) << (count as u64);
      at += freeBytes(count);
      count |= 56;
    }

    entry = load<u32>((next as u32) & distanceMask, DISTANCE_TABLE);

    if ((entry & EXCEPTION) != 0) {
      if ((entry & LAST) != 0) break;

      next >>= entry as u64;
      count -= entry;
      entry = load<u32>(secondPlace(entry, next), DISTANCE_TABLE);
      if ((entry & EXCEPTION) != 0) break;

      next |= load<u64>(at) << (count as u64);
      at += freeBytes(count);
      count |= 56;
    }

    const distance = valueOf(entry, next);
    if (distance > out - OUTPUT) break;

    next >>= entry as u64;
    count -= entry;
    entry = load<u32>((next as u32) & mask, LITLEN_TABLE);

    next |= load<u64>(at) << (count as u64);
    at += freeBytes(count);
    count |= 56;

    copyMatch(out, distance, length);
    out += length;
  }

  setInput(at, next >> 2, (count & 63) - 2);
  setOutput(out);

  return isEnd && out <= lastOut && isWithinInput();
}

/** The place of an entry of a second table, counted from the first one. */
// @ts-ignore: decorator
@inline
function secondPlace(entry: u32, next: u64): u32 {
  const mask: u32 = (1 << ((entry >> 8) & 15)) - 1;
  const index = ((next as u32) >> 2) & mask;

  return ((entry >> VALUE_SHIFT) + index) << 2;
}

/** A base and its extra bits, which follow the code. */
// @ts-ignore: decorator
@inline
function valueOf(entry: u32, next: u64): u32 {
  const both = (next >> 2) & (((1 as u64) << (entry as u64)) - 1);

  return (entry >> VALUE_SHIFT) + ((both >> ((entry >> 8) as u64)) as u32);
}

/** Repeats what was given before. Most matches are short and far: two times sixteen bytes are enough for them. */
// @ts-ignore: decorator
@inline
function copyMatch(to: u32, distance: u32, length: u32): void {
  const end = to + length;
  let from = to - distance;
  let at = to;

  if (distance >= 16) {
    v128.store(at, v128.load(from));
    v128.store(at, v128.load(from, 16), 16);
    from += 32;

    for (at += 32; at < end; at += 16) {
      v128.store(at, v128.load(from));
      from += 16;
    }
  } else if (distance >= 8) {
    for (; at < end; at += 8) {
      store<u64>(at, load<u64>(from));
      from += 8;
    }
  } else {
    for (; at < end; at++) {
      store<u8>(at, load<u8>(from));
      from++;
    }
  }
}
