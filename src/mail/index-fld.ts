/** Reads index.fld, in which the server keeps the flags of a folder's messages. Pure. */

/** The flags that a mail client shows of a message. */
export interface MessageFlags {
  readonly isSeen: boolean;
  readonly isAnswered: boolean;
  readonly isFlagged: boolean;
  readonly isDraft: boolean;
}

/** One line of a folder's index.fld. */
export interface IndexRecord {
  readonly flags: MessageFlags;
  /** The arrival of the message; undefined where the line has no time. */
  readonly receivedAt: Date | undefined;
}

const SEEN = 0x1;
const ANSWERED = 0x2;
const FLAGGED = 0x4;
const DRAFT = 0x10;

/**
 * Returns the records of an index.fld by message name (8 lower-case hexadecimal digits, without `.eml`).
 * A line is `U<hex8> F<flags> S<size> D<time> T… M… …`: name, flags and times in hexadecimal, times in Unix seconds
 * (docs/kerio.md 7.4). Lines of another form are passed over, because the server rebuilds the file from the messages.
 * Example: `U0000000a F80000003 S1133 D43032abf` is message `0000000a`, seen and answered.
 */
export function parseIndexFld(text: string): Map<string, IndexRecord> {
  const records = new Map<string, IndexRecord>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^U([0-9a-f]{1,8})\s+F([0-9a-f]{1,16})(?:\s|$)/i.exec(line);
    if (!match) continue;

    const name = (match[1] ?? '').toLowerCase().padStart(8, '0');
    const seconds = /\sD([0-9a-f]{8})(?:\s|$)/i.exec(line)?.[1];

    records.set(name, {
      // The high bits are for the server alone (0x80000000 in all examples).
      flags: flagsOf(parseInt((match[2] ?? '').slice(-4), 16)),
      receivedAt:
        seconds === undefined
          ? undefined
          : new Date(parseInt(seconds, 16) * 1000),
    });
  }

  return records;
}

function flagsOf(bits: number): MessageFlags {
  return {
    isSeen: (bits & SEEN) !== 0,
    isAnswered: (bits & ANSWERED) !== 0,
    isFlagged: (bits & FLAGGED) !== 0,
    isDraft: (bits & DRAFT) !== 0,
  };
}
