/**
 * What a message is, for everything that counts, finds, hands over or recovers mail: a file below the store's `mail/`
 * whose name ends in `.eml`, in any case. The server names messages by hexadecimal numbers and keeps them in `#msgs`; people and
 * other programs put mail under names of their own, into a folder's directory, or into a mailbox's. None of a message is
 * what lies in `#assoc`: there Outlook keeps a folder's hidden settings in the same form. Pure.
 */

/** What precedes `mail/` in the names of an archive's entries. */
const MAIL = /^(?:(?:@backup\/)?store\/)?mail\//;

/** Whether a file is a message, by its path below the store or its entry's name. */
export function isMessagePath(path: string): boolean {
  return (
    hasMessageName(path) &&
    holdsMessages(path.slice(0, path.lastIndexOf('/') + 1))
  );
}

/** Whether messages can lie in a directory, by its path below the store or what precedes entries' names, with its final `/`. */
export function holdsMessages(directory: string): boolean {
  return MAIL.test(directory) && !directory.includes('/#assoc/');
}

/** Whether a file in a directory that holds messages is one. */
export function hasMessageName(name: string): boolean {
  return name.slice(-4).toLowerCase() === '.eml';
}

/** The same of a name's bytes, without making a string: those from `start` up to `end`. */
export function hasMessageNameAt(
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (end - start < 4 || bytes[end - 4] !== 0x2e) return false;

  // 0x20 turns a capital into its small letter.
  return (
    letterAt(bytes, end - 3) === 0x65 &&
    letterAt(bytes, end - 2) === 0x6d &&
    letterAt(bytes, end - 1) === 0x6c
  );
}

function letterAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | 0x20;
}

/** How many messages lie in a directory, by the names of its files. */
export function countMessages(
  directory: string,
  names: readonly string[],
): number {
  return holdsMessages(directory) ? names.filter(hasMessageName).length : 0;
}
