import { twoDigits } from '../platform/dates.js';
import { BYTE_ORDER_MARK, findHeaderEnd, toLineFeeds } from './header-block.js';
import type { MessageFlags } from './index-fld.js';
import { HEADER_LIMIT_BYTES } from './message-headers.js';

const LF = 0x0a;
const CR = 0x0d;
const FROM = Buffer.from('From ');
const GREATER = 0x3e;
const EMPTY = Buffer.alloc(0);
const GAP = Buffer.from('\n');
const BARE_CR = /\r(?!\n)/;
/** What stands before the first field: an editor's mark, or the envelope of another mbox. */
const ODD_START = /^(?:\xef\xbb\xbf|>*From )/;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
];

/** The facts of a message that an mbox keeps outside its text. */
export interface MboxEnvelope {
  /** The sender's address; undefined where the message names none. */
  readonly sender: string | undefined;
  readonly receivedAt: Date;
  /** Written as the headers Status and X-Status, before those of the message: readers take the first. */
  readonly flags?: MessageFlags | undefined;
  /** Written as the header X-Kerio-Folder, for a file that holds several folders. */
  readonly folder?: string | undefined;
}

/**
 * Formats one message of an mbox file (RFC 4155, quoting of mboxrd): a `From ` line with the sender and the time in UTC, the
 * message with LF line ends, an empty line. A line that starts with `From `, or with any number of `>` before it, gets
 * one more `>`, which a reader of mboxrd removes again. CRLF becomes LF, and so does a CR alone where it ends lines of the headers.
 */
export function formatMboxMessage(
  bytes: Buffer,
  envelope: MboxEnvelope,
): Buffer {
  const headers = [
    ...statusHeaders(envelope.flags),
    ...folderHeader(envelope.folder),
  ];

  const start = Buffer.from(
    `${[`From ${senderWord(envelope.sender)} ${formatAsctime(envelope.receivedAt)}`, ...headers].join('\n')}\n`,
  );
  const text = quoteLines(toRegular(bytes));
  const needsLineEnd = text.length > 0 && text[text.length - 1] !== LF;

  return Buffer.concat([
    start,
    text,
    Buffer.from(needsLineEnd ? '\n\n' : '\n'),
  ]);
}

/**
 * Returns a message whose headers any reader of an mbox understands, who would take the first odd line for the text's: without
 * the mark of an editor, with an empty line behind the headers, and an envelope of its own as a header.
 */
function toRegular(bytes: Buffer): Buffer {
  const head = bytes.toString('latin1', 0, HEADER_LIMIT_BYTES);
  const headerEnd = findHeaderEnd(head, bytes.length <= HEADER_LIMIT_BYTES);
  if (!headerEnd) return bytes;

  const { end, next } = headerEnd;
  const hasGap = next > end || end === bytes.length;
  const block = head.slice(0, end);
  const hasBareCr = BARE_CR.test(head.slice(0, next));
  if (hasGap && !hasBareCr && !ODD_START.test(block)) return bytes;

  const fields = block
    .replace(BYTE_ORDER_MARK, '')
    .replace(/^>*From /, 'X-From-Line: ');
  const body = bytes.subarray(hasGap ? end : next);
  const whole = [Buffer.from(fields, 'latin1'), hasGap ? EMPTY : GAP, body];

  return hasBareCr ? withLineFeeds(Buffer.concat(whole)) : Buffer.concat(whole);
}

function withLineFeeds(bytes: Buffer): Buffer {
  return Buffer.from(toLineFeeds(bytes.toString('latin1')), 'latin1');
}

/** Returns a message with LF line ends and quoted `From ` lines, in one pass over a buffer of known length. */
function quoteLines(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length + countQuotes(bytes));
  let length = 0;

  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(LF, at);
    const end = newline < 0 ? bytes.length : newline + 1;

    if (isFromLine(bytes, at)) out[length++] = GREATER;

    const hasCrlf = newline > at && bytes[newline - 1] === CR;
    length += bytes.copy(out, length, at, hasCrlf ? newline - 1 : end);
    if (hasCrlf) out[length++] = LF;
    at = end;
  }

  return out.subarray(0, length);
}

function countQuotes(bytes: Buffer): number {
  let count = 0;
  for (
    let at = bytes.indexOf(FROM);
    at >= 0;
    at = bytes.indexOf(FROM, at + 1)
  ) {
    count++;
  }

  return count;
}

function isFromLine(bytes: Buffer, lineAt: number): boolean {
  let at = lineAt;
  while (bytes[at] === GREATER) at++;
  return (
    bytes[at] === 0x46 && bytes.subarray(at, at + FROM.length).equals(FROM)
  );
}

/** Formats Status `RO` (read, old) or `O`, and X-Status `A` answered, `F` flagged, `T` draft, as mutt, Dovecot and Python read them. */
function statusHeaders(flags: MessageFlags | undefined): string[] {
  if (!flags) return [];
  const extra = `${flags.isAnswered ? 'A' : ''}${flags.isFlagged ? 'F' : ''}${flags.isDraft ? 'T' : ''}`;
  return [
    `Status: ${flags.isSeen ? 'RO' : 'O'}`,
    ...(extra === '' ? [] : [`X-Status: ${extra}`]),
  ];
}

function folderHeader(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  const plain = folder.replace(/[\x00-\x1f\x7f]/g, ' ');
  const isAscii = /^[\x20-\x7e]*$/.test(plain);
  return [
    `X-Kerio-Folder: ${isAscii ? plain : `=?utf-8?B?${Buffer.from(plain).toString('base64')}?=`}`,
  ];
}

/** Returns the address as one word of plain ASCII, or `MAILER-DAEMON`, as is the custom. */
function senderWord(sender: string | undefined): string {
  const address = /[^\s<>,;"]+@[^\s<>,;"]+/.exec(sender ?? '')?.[0] ?? '';
  return /^[\x21-\x7e]+$/.test(address) ? address : 'MAILER-DAEMON';
}

/** Formats a time in UTC as asctime does (RFC 4155): `Tue Nov  3 08:30:00 2026`. */
function formatAsctime(date: Date): string {
  const day = `${DAYS[date.getUTCDay()] ?? ''} ${MONTHS[date.getUTCMonth()] ?? ''} ${String(date.getUTCDate()).padStart(2)}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    .map(twoDigits)
    .join(':');
  return `${day} ${time} ${String(date.getUTCFullYear())}`;
}
