/**
 * Blocks without matches: base64 of what was compressed before, as a rule. Most of its codes have one length. A branch
 * that foresees it need not wait for the table to tell the length, and so begins with the next literal at once.
 */
import { litlenBits, usualBits } from './codes';
import { LITLEN_TABLE } from './layout';
import { LITERAL, VALUE_SHIFT } from './meanings';
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

/** Inflates literals up to the end of their block. One filling is enough for four codes of eleven bits at most. */
export function inflateLiterals(): bool {
  // Two bits lower down there are not of the stream: what is looked up is four times the index.
  giveBackBytes();
  let next = bits << 2;
  let count = bitCount + 2;
  let at = inputAt;
  let out = outputAt;
  let entry: u32 = LITERAL;
  const mask: u32 = ((1 << litlenBits) - 1) << 2;
  const usual = usualBits;
  const lastAt = inputEnd + READ_AHEAD_BYTES;
  const lastOut = outputEnd;

  while (out <= lastOut && at <= lastAt) {
    next |= load<u64>(at) << (count as u64);
    at += freeBytes(count);
    count |= 56;

    entry = load<u32>((next as u32) & mask, LITLEN_TABLE);
    store<u8>(out, entry >> VALUE_SHIFT);
    if ((entry & 0xff) == usual) {
      next >>= usual as u64;
      count -= usual;
    } else {
      next >>= entry as u64;
      count -= entry;
      if ((entry & LITERAL) == 0) break;
    }

    out++;

    entry = load<u32>((next as u32) & mask, LITLEN_TABLE);
    store<u8>(out, entry >> VALUE_SHIFT);
    if ((entry & 0xff) == usual) {
      next >>= usual as u64;
      count -= usual;
    } else {
      next >>= entry as u64;
      count -= entry;
      if ((entry & LITERAL) == 0) break;
    }

    out++;

    entry = load<u32>((next as u32) & mask, LITLEN_TABLE);
    store<u8>(out, entry >> VALUE_SHIFT);
    if ((entry & 0xff) == usual) {
      next >>= usual as u64;
      count -= usual;
    } else {
      next >>= entry as u64;
      count -= entry;
      if ((entry & LITERAL) == 0) break;
    }

    out++;

    entry = load<u32>((next as u32) & mask, LITLEN_TABLE);
    store<u8>(out, entry >> VALUE_SHIFT);
    if ((entry & 0xff) == usual) {
      next >>= usual as u64;
      count -= usual;
    } else {
      next >>= entry as u64;
      count -= entry;
      if ((entry & LITERAL) == 0) break;
    }

    out++;
  }

  setInput(at, next >> 2, (count & 63) - 2);
  setOutput(out);

  return (entry & LITERAL) == 0 && out <= lastOut && isWithinInput();
}
