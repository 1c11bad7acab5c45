import type PostalMime from 'postal-mime';
import { messageOf } from '../errors.js';
import { withoutAttachments } from './attachment-cut.js';
import { findHeaderEnd } from './header-block.js';
import { readMessageHeaders } from './message-headers.js';
import { toPlainMessage } from './plain-message.js';

/** Deeper than the parts of any honest mail. A message of deeper parts is searched as raw text. */
const MAX_NESTING = 200;

/**
 * Returns the text that a person reads in a message: text parts, HTML parts as text, forwarded messages, and the names of
 * attachments, but not their content. A message that no MIME reader understands gives its raw text, so that a search can
 * still find it.
 */
export async function readBodyText(bytes: Buffer): Promise<string> {
  const reader = await loadReader();

  try {
    const plain = toPlainMessage(withoutAttachments(bytes));
    const mail = await reader.parse(plain, {
      maxNestingDepth: MAX_NESTING,
    });

    const html =
      mail.html === undefined ? '' : await htmlToText(mail.html, reader);
    const names = mail.attachments.map(({ filename }) => filename ?? '');

    const text = [mail.text ?? '', html, ...names].join('\n');

    // A multipart message whose boundary is missing or wrong has no parts.
    return text.trim() === '' ? rawBody(plain) : text;
  } catch {
    // The library throws only at its limits of nesting and header size.
    return bytes.toString('utf8');
  }
}

/** Most searches look at headers alone, and need no MIME reader. */
async function loadReader(): Promise<typeof PostalMime> {
  const { default: reader } = await import('postal-mime');

  return reader;
}

function rawBody(plain: Buffer): string {
  const headerEnd = findHeaderEnd(plain.toString('latin1'), true);

  return plain.toString('utf8', headerEnd?.next);
}

/**
 * Converts HTML to plain text. The library does that only for a message that mixes both, so that the HTML is made the second
 * part of such a message.
 */
async function htmlToText(
  html: string,
  reader: typeof PostalMime,
): Promise<string> {
  let boundary = 'kms';
  while (html.includes(boundary)) boundary += String(boundary.length);
  const type =
    'Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit';
  const wrapped = `Content-Type: multipart/mixed; boundary=${boundary}\n\n--${boundary}\n\n.\n--${boundary}\n${type}\n\n${html}\n--${boundary}--\n`;
  const { text } = await reader.parse(wrapped);
  return text ?? '';
}

/** Opens a message as a mail program does, attachments too. @returns why it does not open; undefined where it does */
export async function faultOfMessage(
  bytes: Buffer,
): Promise<string | undefined> {
  const { from, to, subject, messageId, date } = readMessageHeaders(bytes);
  const hasHeaders =
    [from, to, subject, messageId].some((text) => text !== '') ||
    date !== undefined;
  if (!hasHeaders) return 'has no headers of a mail';

  const reader = await loadReader();

  try {
    await reader.parse(bytes, { maxNestingDepth: MAX_NESTING });

    return undefined;
  } catch (error) {
    return `its parts cannot be opened: ${messageOf(error)}`;
  }
}
