import { pathInMail } from './entry-place.js';

/**
 * The one rule of what a message is, for everything that counts, finds, hands over or recovers mail: a file below the
 * store's `mail/` whose name ends in `.eml`, in any case, and that does not lie in `#assoc`. The server names messages by
 * hexadecimal numbers and keeps them in `#msgs`; people and other programs put mail under names of their own, into a
 * folder's directory or into a mailbox's. In `#assoc` Outlook keeps a folder's hidden settings in the same form. Pure.
 */

/** The directory of a folder in which the server keeps its messages. */
export const MESSAGE_DIRECTORY = '#msgs';
/** The directory of a folder in which Outlook's hidden settings lie. */
export const SETTINGS_DIRECTORY = '#assoc';

const EXTENSION = '.eml';
/** A name that the server gives: `0000000a.eml`. */
const NUMBERED = /^([0-9a-f]+)\.eml$/i;
/** The same where a person may have left the extension out. */
const TYPED_NUMBER = /^([0-9a-f]+)(?:\.eml)?$/i;

/** Says whether a file is a message, by its path below the store or its entry's name. */
export function isMessagePath(path: string): boolean {
  return (
    hasMessageName(path) &&
    holdsMessages(path.slice(0, path.lastIndexOf('/') + 1))
  );
}

/** Says whether a directory can hold messages, by its path below the store or its entry's name, with its final `/`. */
export function holdsMessages(directory: string): boolean {
  return (
    pathInMail(directory) !== undefined &&
    !directory.includes(`/${SETTINGS_DIRECTORY}/`)
  );
}

/** Says whether a file is a message, in a directory that holds messages. */
export function hasMessageName(name: string): boolean {
  return (
    name.endsWith(EXTENSION) ||
    name.slice(-EXTENSION.length).toLowerCase() === EXTENSION
  );
}

/** Says whether a file has a name that the server gives to messages. */
export function hasNumberedName(name: string): boolean {
  return NUMBERED.test(name);
}

/** The number in the name of a message, in small letters, the extension being there or not: `0000000A` is `0000000a`. */
export function numberOfMessage(name: string): string | undefined {
  return TYPED_NUMBER.exec(name)?.[1]?.toLowerCase();
}

/** The name of a message without its extension: `0000000a`, `Re Hello`. */
export function messageStem(name: string): string {
  return hasMessageName(name) ? name.slice(0, -EXTENSION.length) : name;
}

/** The name that the server gives to a number: `formatMessageFile(10)` is `0000000a.eml`. */
export function formatMessageFile(number: number): string {
  return `${number.toString(16).padStart(8, '0')}${EXTENSION}`;
}

/** The name with the extension, which a person may have left out. */
export function withMessageExtension(name: string): string {
  return hasMessageName(name) ? name : name + EXTENSION;
}

/** Says whether the bytes of a name, from `start` up to `end`, are a message's; it makes no string. */
export function hasMessageNameAt(
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (end - start < EXTENSION.length || bytes[end - 4] !== 0x2e) return false;

  return (
    smallLetterAt(bytes, end - 3) === 0x65 && // e
    smallLetterAt(bytes, end - 2) === 0x6d && // m
    smallLetterAt(bytes, end - 1) === 0x6c // l
  );
}

/** The bit 0x20 turns a capital into its small letter. */
function smallLetterAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | 0x20;
}

/** Counts the messages of a directory by the names of its files. */
export function countMessages(
  directory: string,
  names: readonly string[],
): number {
  return holdsMessages(directory) ? names.filter(hasMessageName).length : 0;
}
