/**
 * Finding the runs of base64 in mail. A run of an attachment that was compressed before is a segment of its own, which
 * Huffman coding alone serves best.
 */

/** A run of base64 shorter than this saves less than the Huffman codes of two more blocks take. */
const MIN_RUN_BYTES = 1024;
/** The length of the sample that shows whether data were compressed before. */
const SAMPLE_BYTES = 4096;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A stretch of the data that is deflated with one setting. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly isBase64: boolean;
}

/** Cuts data into the runs of base64 that Huffman coding alone serves, and everything else; at least one segment. */
export function splitSegments(data: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  let from = 0;

  for (const run of findBase64Runs(data)) {
    if (!paysHuffmanOnly(data.subarray(run.start, run.end))) continue;

    if (run.start > from) {
      segments.push({ start: from, end: run.start, isBase64: false });
    }

    segments.push(run);
    from = run.end;
  }

  if (from < data.length || segments.length === 0) {
    segments.push({ start: from, end: data.length, isBase64: false });
  }

  return segments;
}

/** 1 for the 64 letters of RFC 4648 §4 and `=`. */
const BASE64 = new Uint8Array(256);
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=') {
  BASE64[letter.charCodeAt(0)] = 1;
}

/** Runs of lines of one length in the base64 alphabet; the last line of a run may be shorter. */
function findBase64Runs(data: Uint8Array): Segment[] {
  const runs: Segment[] = [];
  if (data.length < MIN_RUN_BYTES) return runs;

  for (let start = 0; start < data.length;) {
    const lineFeed = data.indexOf(LINE_FEED, start);
    const lineEnd = lineFeed === -1 ? data.length : lineFeed + 1;
    const isRun = isFirstLine(data, start, lineEnd, lineFeed !== -1);
    const end = isRun ? findRunEnd(data, start, lineEnd) : lineEnd;

    if (isRun && end - start >= MIN_RUN_BYTES) {
      runs.push({ start, end, isBase64: true });
    }

    start = end;
  }

  return runs;
}

/** True when a line may begin a run. A last line without its line feed may be of any length. */
function isFirstLine(
  data: Uint8Array,
  start: number,
  end: number,
  hasLineFeed: boolean,
): boolean {
  if (!hasLineFeed) return isBase64Line(data, start, end);

  const lineBytes = end - start;
  const isUsualLength = lineBytes >= 61 && lineBytes <= 1000;

  return isUsualLength && isBase64Line(data, start, end - 1);
}

/** The end of the run that begins with the given line. */
function findRunEnd(
  data: Uint8Array,
  start: number,
  firstLineEnd: number,
): number {
  const lineBytes = firstLineEnd - start;
  let end = firstLineEnd;

  while (
    data[end + lineBytes - 1] === LINE_FEED &&
    isBase64Line(data, end, end + lineBytes - 1)
  ) {
    end += lineBytes;
  }

  const isLastLine = end + lineBytes > data.length;

  return isLastLine && isBase64Line(data, end, data.length) ? data.length : end;
}

/** True when every sixth byte of a line is of base64: an error costs compression, never correctness. */
function isBase64Line(data: Uint8Array, start: number, end: number): boolean {
  const last = data[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
  for (let at = start; at < last; at += 6) {
    if (BASE64[data[at] ?? 0] !== 1) return false;
  }

  return true;
}

/**
 * True when the string search would find next to nothing in a run. An attachment that was compressed before uses the 64
 * letters alike: of n letters each comes n / 64 times, a sum of squares near n * n / 64 + n: 266,000 in a sample of
 * 4,096, where this allows 295,000. Encoded text and programs lie above it from 1,000 letters on.
 */
function paysHuffmanOnly(run: Uint8Array): boolean {
  const letters = Math.min(run.length, SAMPLE_BYTES);

  return sumOfSquares(run) < (letters * letters * 1.08) / 64 + 3 * letters;
}

const counts = new Uint32Array(256);

/** The sum of squares of the counts of byte values in a sample from the middle: high where few values are used. */
export function sumOfSquares(bytes: Uint8Array): number {
  counts.fill(0);

  const from = Math.max(0, (bytes.length - SAMPLE_BYTES) >> 1);
  const end = Math.min(bytes.length, from + SAMPLE_BYTES);

  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0;
    counts[byte] = (counts[byte] ?? 0) + 1;
  }

  let sum = 0;
  for (const count of counts) sum += count * count;

  return sum;
}
