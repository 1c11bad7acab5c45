/** Where a stream is between its blocks. Loops keep these in local variables, and give them back. */

/** The next byte of the input that was not read, and where the input ends. */
export let inputAt: u32 = 0;
export let inputEnd: u32 = 0;
/** The next byte of the output, and where it must end. */
export let outputAt: u32 = 0;
export let outputEnd: u32 = 0;
/** Bits that were read and not used, the next one lowest. Above their number there may be some that are read again. */
export let bits: u64 = 0;
export let bitCount: u32 = 0;

let inputStart: u32 = 0;

/** More than this behind the end of the input was used of it, where so much was read. */
export const READ_AHEAD_BYTES: u32 = 8;

export function beginStream(
  input: u32,
  inputBytes: u32,
  output: u32,
  outputBytes: u32,
): void {
  inputStart = input;
  inputAt = input;
  inputEnd = input + inputBytes;
  outputAt = output;
  outputEnd = output + outputBytes;
  bits = 0;
  bitCount = 0;
}

/** The bytes of the input that belong to the stream so far: one that was begun counts. */
export function usedBytes(): u32 {
  return inputAt - (bitCount >> 3) - inputStart;
}

/** Says whether all that was used so far is input. */
export function isWithinInput(): bool {
  return usedBytes() <= inputEnd - inputStart;
}

/** Makes 56 bits ready; behind the end of the input there is memory that means nothing. */
export function fillBits(): void {
  bits |= load<u64>(inputAt) << (bitCount as u64);
  inputAt += freeBytes(bitCount);
  bitCount |= 56;
}

/** The whole bytes that fit above some bits into a word; only the lowest six bits of the number count. */
// @ts-ignore: decorator
@inline
export function freeBytes(count: u32): u32 {
  return (~count >> 3) & 7;
}

/** Takes up to 16 bits that are ready. */
// @ts-ignore: decorator
@inline
export function takeBits(count: u32): u32 {
  const taken = (bits as u32) & ((1 << count) - 1);
  bits >>= count as u64;
  bitCount -= count;

  return taken;
}

/** Drops bits up to the next byte, and gives back what was read ahead. */
export function alignToByte(): void {
  inputAt -= bitCount >> 3;
  bits = 0;
  bitCount = 0;
}

/** Gives back whole bytes that were read ahead, so that at most seven bits are ready. */
export function giveBackBytes(): void {
  inputAt -= bitCount >> 3;
  bitCount &= 7;
  bits &= (1 << (bitCount as u64)) - 1;
}

// @ts-ignore: decorator
@inline
export function setInput(at: u32, next: u64, count: u32): void {
  inputAt = at;
  bits = next;
  bitCount = count;
}

// @ts-ignore: decorator
@inline
export function setOutput(at: u32): void {
  outputAt = at;
}
