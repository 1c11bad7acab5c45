/** No server has to take a line that is longer than 8,000 bytes (RFC 7162 4): a range takes 22 at most. */
const RANGES_A_LINE = 300;

/** Numbers as IMAP writes sets of them, each short enough for a line: `1:500,502`. Pure. */
export function rangesOf(uids: readonly number[]): string[] {
  const ranges: string[] = [];
  const sorted = [...uids].sort((a, b) => a - b);
  let first = sorted[0] ?? 0;

  for (const [at, uid] of sorted.entries()) {
    const next = sorted[at + 1];
    if (next === uid + 1) continue;

    ranges.push(
      first === uid ? String(uid) : `${String(first)}:${String(uid)}`,
    );
    first = next ?? 0;
  }

  const lines: string[] = [];

  for (let at = 0; at < ranges.length; at += RANGES_A_LINE) {
    lines.push(ranges.slice(at, at + RANGES_A_LINE).join(','));
  }

  return lines;
}
