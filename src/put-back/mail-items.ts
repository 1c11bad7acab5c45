/** What a calendar or an address book keeps in the form of messages. */
const ITEM_TYPE = /^(text\/calendar|text\/(x-)?vcard|text\/directory)\b/i;
const HEADERS_LIMIT_BYTES = 64 * 1024;

/**
 * Says whether a message is an entry of a calendar or an address book. An invitation that came by mail is a message: it has been
 * received, or has somebody that it went to. Pure.
 */
export function isNoMail(message: Buffer): boolean {
  const text = message.toString('latin1', 0, HEADERS_LIMIT_BYTES);
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const block = text.slice(0, end);
  const type = /^content-type[ \t]*:\s*(\S+)/im.exec(block)?.[1] ?? '';

  return ITEM_TYPE.test(type) && !/^(received|to)[ \t]*:/im.test(block);
}
