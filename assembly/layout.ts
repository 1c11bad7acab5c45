/**
 * The places in memory. Nothing is ever allocated: each table has its address, and the memory never grows, so that views
 * of it stay valid.
 */

/** The largest alphabet: literals, the end of a block and lengths, with two codes that never occur (RFC 1951 3.2.6). */
export const LITLEN_CODES: u32 = 288;
export const DISTANCE_CODES: u32 = 32;

/** How often each code occurs in the block under construction; u32 each. */
export const LITLEN_COUNTS: u32 = 0x400;
export const DISTANCE_COUNTS: u32 = LITLEN_COUNTS + LITLEN_CODES * 4;
/** Three more histograms of literals: neighbouring bytes that are alike need not wait for each other. */
export const SPARE_COUNTS: u32 = DISTANCE_COUNTS + DISTANCE_CODES * 4;

/** Bit strings, least significant bit first, above their length: `code << 8 | length`; u32 each. */
export const LITLEN_BITS: u32 = SPARE_COUNTS + 3 * 256 * 4;
export const DISTANCE_BITS: u32 = LITLEN_BITS + LITLEN_CODES * 4;
export const FIXED_LITLEN_BITS: u32 = DISTANCE_BITS + DISTANCE_CODES * 4;
export const FIXED_DISTANCE_BITS: u32 = FIXED_LITLEN_BITS + LITLEN_CODES * 4;

/** Code lengths; u8 each. Those of distances follow those of literals where a header describes both (3.2.7). */
export const LITLEN_LENGTHS: u32 = FIXED_DISTANCE_BITS + DISTANCE_CODES * 4;
export const DISTANCE_LENGTHS: u32 = LITLEN_LENGTHS + LITLEN_CODES;
export const FIXED_LITLEN_LENGTHS: u32 = DISTANCE_LENGTHS + DISTANCE_CODES;
export const FIXED_DISTANCE_LENGTHS: u32 = FIXED_LITLEN_LENGTHS + LITLEN_CODES;

/** For each match length: `extra bits' value << 16 | their number << 8 | code - 257`; u32 each. */
export const LENGTH_CODES: u32 = FIXED_DISTANCE_LENGTHS + DISTANCE_CODES;

/** The header of a dynamic block: code lengths in one row, then as symbols, u16 each: `extra bits' value << 8 | symbol`. */
export const HEADER_LENGTHS: u32 = LENGTH_CODES + 260 * 4;
export const HEADER_SYMBOLS: u32 = HEADER_LENGTHS + 320;
export const HEADER_COUNTS: u32 = HEADER_SYMBOLS + 320 * 2;
export const HEADER_CODE_LENGTHS: u32 = HEADER_COUNTS + 20 * 4;
export const HEADER_BITS: u32 = HEADER_CODE_LENGTHS + 20;

/** Room to build a Huffman code: keys as they come and sorted, weights, and how many codes have each length. */
export const UNSORTED_KEYS: u32 = HEADER_BITS + 20 * 4;
export const SORTED_KEYS: u32 = UNSORTED_KEYS + LITLEN_CODES * 4;
export const WEIGHTS: u32 = SORTED_KEYS + LITLEN_CODES * 4;
export const SORT_STARTS: u32 = WEIGHTS + LITLEN_CODES * 4;
export const LENGTH_COUNTS: u32 = SORT_STARTS + 260 * 4;
export const NEXT_CODES: u32 = LENGTH_COUNTS + 64 * 4;

/** The tokens of a block: `distance << 38 | distance code << 33 | length << 24 | literals before it`; u64 each. */
export const TOKENS: u32 = 0x10000;
export const TOKENS_BYTES: u32 = 0x20000;

/** The regions that an input was cut into: start and end with its kind in the lowest bits of `kind`; three u32 each. */
export const REGIONS: u32 = TOKENS + TOKENS_BYTES;
const MOST_REGIONS: u32 = 4096;
/** Where lines of base64 with some hash were seen last; u32 each. */
export const LINES: u32 = REGIONS + MOST_REGIONS * 12;
export const LINE_HASH_BITS: u32 = 11;

/** Positions by a hash of the bytes there: two u16 in a bucket; or the latest one, u16, and the one before each. */
export const MOST_HASH_BITS: u32 = 15;
export const PAIRS: u32 = 0x40000;
export const CHAIN_HEADS: u32 = PAIRS + (1 << MOST_HASH_BITS) * 4;
export const CHAIN_LINKS: u32 = CHAIN_HEADS + (1 << MOST_HASH_BITS) * 2;

/** The window of deflate: no match reaches back farther (RFC 1951 2). */
export const WINDOW_BYTES: u32 = 32768;
/** The data, with a window before them: 64 KiB before that must be readable too. */
export const INPUT: u32 = 0x100000;
export const MOST_INPUT_BYTES: u32 = 0x100000;
export const INPUT_ROOM_BYTES: u32 = MOST_INPUT_BYTES + 0x20000;
export const OUTPUT: u32 = INPUT + INPUT_ROOM_BYTES;
/** The memory ends where the output ends: 54 pages of 64 KiB. */
export const OUTPUT_ROOM_BYTES: u32 = 0x140000;
export const MEMORY_BYTES: u32 = OUTPUT + OUTPUT_ROOM_BYTES;
