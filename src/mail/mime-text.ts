import PostalMime from 'postal-mime';
import { withoutAttachments } from './attachment-cut.js';
import { toPlainMessage } from './plain-message.js';

/** Deeper than any honest mail; what is deeper still is searched as raw text. */
const MAX_NESTING = 200;

/**
 * What a person reads in a message: the text parts, the HTML parts as text, forwarded messages, the names of the
 * attachments. Attachments themselves are not read. A message that no MIME reader understands gives its raw text,
 * so that nothing falls out of a search.
 */
export async function readBodyText(bytes: Buffer): Promise<string> {
  try {
    const mail = await PostalMime.parse(
      toPlainMessage(withoutAttachments(bytes)),
      { maxNestingDepth: MAX_NESTING },
    );

    const html = mail.html === undefined ? '' : await htmlToText(mail.html);
    const names = mail.attachments.map(({ filename }) => filename ?? '');

    return [mail.text ?? '', html, ...names].join('\n');
  } catch {
    // The library's only errors are its limits on nesting and header size; the raw text still answers a search.
    return bytes.toString('utf8');
  }
}

/**
 * HTML as plain text. The library turns HTML into text when a message mixes both, and offers it no other way,
 * so the HTML travels as the second part of such a message.
 */
async function htmlToText(html: string): Promise<string> {
  let boundary = 'kms';
  while (html.includes(boundary)) boundary += String(boundary.length);
  const type =
    'Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit';
  const wrapped = `Content-Type: multipart/mixed; boundary=${boundary}\n\n--${boundary}\n\n.\n--${boundary}\n${type}\n\n${html}\n--${boundary}--\n`;
  const { text } = await PostalMime.parse(wrapped);
  return text ?? '';
}
