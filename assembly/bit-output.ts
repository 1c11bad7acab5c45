/** Bits to the output, from the least significant one of each byte on (RFC 1951 3.1.1). */

/** The next byte of the output. */
export let outputAt: u32 = 0;
/** Fewer than eight bits that are not written yet. */
export let pending: u64 = 0;
export let pendingBits: u32 = 0;

export function beginOutput(at: u32): void {
  outputAt = at;
  pending = 0;
  pendingBits = 0;
}

/** For loops that keep these in local variables. */
// @ts-ignore: decorator
@inline
export function setOutput(at: u32, bits: u64, count: u32): void {
  outputAt = at;
  pending = bits;
  pendingBits = count;
}

/** Puts up to 56 bits. */
export function putBits(bits: u64, count: u32): void {
  const all = pending | (bits << pendingBits);
  const allBits = pendingBits + count;

  store<u64>(outputAt, all);
  outputAt += allBits >> 3;
  pending = all >> (allBits & 56);
  pendingBits = allBits & 7;
}

/** Fills up the byte that was begun. */
export function padToByte(): void {
  if (pendingBits > 0) putBits(0, 8 - pendingBits);
}

/** Puts bytes from a byte boundary on. */
export function putBytes(from: u32, count: u32): void {
  memory.copy(outputAt, from, count);
  outputAt += count;
}
