import { UsageError } from '../errors.js';
import { foldText } from './fold-text.js';
import { bareMessageId, type MessageHeaders } from './message-headers.js';

/** Decides which messages a search finds. Pure. */

/** The conditions of a search, as people type them. A message must satisfy all of them. */
export interface QueryText {
  readonly from?: string | undefined;
  /** A part of To, Cc or Bcc. */
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  /** The whole Message-ID, with or without its angle brackets. */
  readonly messageId?: string | undefined;
  /** A time as `parseQueryTime` takes it: a day from its first moment in the local zone; inclusive. */
  readonly since?: string | undefined;
  /** The same: up to a day's first moment, so that the day itself is out; exclusive. */
  readonly before?: string | undefined;
  /** A part of the subject, the text or the names of attachments. */
  readonly text?: string | undefined;
}

/** A parsed query. It is plain data, so that it can be sent to a worker. */
export interface MessageQuery {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly subject: string | undefined;
  readonly messageId: string | undefined;
  readonly sinceMs: number | undefined;
  readonly beforeMs: number | undefined;
  readonly text: string | undefined;
}

/** The query that every message satisfies. */
export const EVERY_MESSAGE: MessageQuery = {
  from: undefined,
  to: undefined,
  subject: undefined,
  messageId: undefined,
  sinceMs: undefined,
  beforeMs: undefined,
  text: undefined,
};

/**
 * Parses a query. A comparison ignores case, accents and runs of white space.
 * @throws {UsageError} for an empty text, for a text that is no date, and for a range that holds no instant
 */
export function parseMessageQuery(
  given: QueryText,
  parseTime: (text: string) => Date | undefined,
): MessageQuery {
  const query = {
    from: foldedOr(given.from, '--from'),
    to: foldedOr(given.to, '--to'),
    subject: foldedOr(given.subject, '--subject'),
    messageId:
      given.messageId === undefined
        ? undefined
        : bareMessageId(given.messageId).toLowerCase(),
    sinceMs: timeOr(given.since, '--since', parseTime),
    beforeMs: timeOr(given.before, '--before', parseTime),
    text: foldedOr(given.text, '--text'),
  };

  if (query.messageId === '') throw emptyError('--message-id');

  if (
    query.sinceMs !== undefined &&
    query.beforeMs !== undefined &&
    query.sinceMs >= query.beforeMs
  ) {
    throw new UsageError(
      `no message can be since ${given.since ?? ''} and before ${given.before ?? ''}`,
      {
        hints: [
          '--since is inclusive, --before is exclusive: one day is --since 2026-11-17 --before 2026-11-18.',
        ],
      },
    );
  }

  return query;
}

/**
 * Says whether the headers satisfy all conditions but `text`. A message without a date is judged by `receivedAt` (the
 * modification time of its file), and matches no range where that is missing too.
 */
export function matchesHeaders(
  query: MessageQuery,
  headers: MessageHeaders,
  receivedAt?: Date,
): boolean {
  if (
    query.messageId !== undefined &&
    headers.messageId.toLowerCase() !== query.messageId
  ) {
    return false;
  }

  return (
    holds(headers.from, query.from) &&
    holds(headers.subject, query.subject) &&
    holds(`${headers.to} ${headers.cc} ${headers.bcc}`, query.to) &&
    isInRange(query, headers.date ?? receivedAt)
  );
}

/** Says whether the subject or the body holds the wanted text. */
export function matchesText(
  query: MessageQuery,
  headers: MessageHeaders,
  bodyText: string,
): boolean {
  return holds(headers.subject, query.text) || holds(bodyText, query.text);
}

/** Words in a message, in lower case, that show that its raw bytes are not its text. */
const ENCODED = [
  ...['base64', 'quoted-printable', 'text/html', '=?', '*=', '*0', 'delsp'],
  ...['utf-7', 'utf-16', 'ucs-2', 'hz-gb'],
];
/** Bytes that plain ASCII text does not have: letters of other charsets, and the escape that switches to one. */
const OTHER_CHARSET = /[\x1b\x80-\xff]/;

/**
 * Returns true where the raw bytes prove that the text is not in the message: they are plain ASCII, nothing is encoded, and
 * they do not hold the text. Most plain messages are dismissed so. False proves nothing.
 */
export function cannotHoldText(query: MessageQuery, bytes: Buffer): boolean {
  if (query.text === undefined) return false;

  const raw = bytes.toString('latin1').toLowerCase();
  if (OTHER_CHARSET.test(raw) || ENCODED.some((word) => raw.includes(word))) {
    return false;
  }

  // Most messages lack the longest word of the text, so that only few are folded as a whole.
  return (
    !raw.includes(longestWord(query.text)) ||
    !foldText(raw).includes(query.text)
  );
}

function longestWord(folded: string): string {
  return folded.split(' ').reduce((a, b) => (b.length > a.length ? b : a));
}

function holds(text: string, wanted: string | undefined): boolean {
  return wanted === undefined || foldText(text).includes(wanted);
}

function isInRange(query: MessageQuery, date: Date | undefined): boolean {
  if (query.sinceMs === undefined && query.beforeMs === undefined) return true;
  if (!date) return false;
  const ms = date.getTime();
  return (
    ms >= (query.sinceMs ?? -Infinity) && ms < (query.beforeMs ?? Infinity)
  );
}

function foldedOr(text: string | undefined, flag: string): string | undefined {
  if (text === undefined) return undefined;
  const folded = foldText(text);
  // Every message holds an empty text: a script with an unset variable would export everything.
  if (folded === '') throw emptyError(flag);
  return folded;
}

function emptyError(flag: string): UsageError {
  return new UsageError(`${flag} is empty`, {
    hints: [`Give ${flag} some text, or leave it out.`],
  });
}

function timeOr(
  text: string | undefined,
  flag: string,
  parseTime: (text: string) => Date | undefined,
): number | undefined {
  if (text === undefined) return undefined;

  const time = parseTime(text);
  if (time) return time.getTime();

  throw new UsageError(`${flag} is no time: ${text}`, {
    hints: [
      'Write a day as 2026-11-17, today, yesterday or monday.',
      'Write a time as "2026-11-17 09:30", or with its zone as 2026-11-17T09:30:00+01:00.',
      'Write how long ago as 36h, 7d or 2w.',
    ],
  });
}
