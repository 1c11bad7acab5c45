/** Memory for what is large and soon over. */

/** What is smaller, glibc keeps for later once it was used, and it does not fit what comes later: DEFAULT_MMAP_THRESHOLD_MAX, and a head. */
const GIVEN_BACK_BYTES = (32 << 20) + (64 << 10);
const LARGE_BYTES = 1 << 20;

/**
 * A buffer with any content whose memory the system gets back when nobody holds it any more. A large one is a part of a larger one,
 * which costs nothing on Linux: memory that is not touched is not there. Elsewhere it is an ordinary one.
 */
export function largeBuffer(length: number): Buffer {
  const isWidened = process.platform === 'linux' && length >= LARGE_BYTES;
  if (!isWidened) return Buffer.allocUnsafeSlow(length);

  const bytes = Buffer.allocUnsafeSlow(Math.max(length, GIVEN_BACK_BYTES));

  return bytes.subarray(0, length);
}
