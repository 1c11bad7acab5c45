import type { MessageFlags } from './index-fld.js';

/** Formats the names of files and folders in a Maildir. Pure. */

/** The longest part of a name that is the message's own: time, size and flags need the rest of 255 bytes. */
const LONGEST_NAME = 100;

/** The facts of a message that a Maildir keeps in the file's name. */
export interface MaildirMessage {
  readonly receivedAt: Date;
  /** A number that is unique within the export: it distinguishes messages of one second. */
  readonly sequence: number;
  /** The message's name in the store: `0000000a`, `Re Hello`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly flags: MessageFlags | undefined;
}

/**
 * Returns a file name for `cur/`: `1763368200.12_0000000a.kms-backup,S=1133:2,RS`. Seconds, a unique middle, the writer, the size
 * (Maildir++) and the flags in alphabetical order: D draft, F flagged, R replied, S seen (cr.yp.to/proto/maildir.html).
 * @param separator `:` by the specification; `;` on Windows, where no file name holds a colon
 */
export function formatMaildirName(
  message: MaildirMessage,
  separator: ':' | ';' = ':',
): string {
  const seconds = Math.max(0, Math.floor(message.receivedAt.getTime() / 1000));
  const unique = `${String(seconds)}.${String(message.sequence)}_${plainName(message.name)}.kms-backup`;
  return `${unique},S=${String(message.sizeBytes)}${separator}2,${flagLetters(message.flags)}`;
}

/** Replaces all signs by which readers of a Maildir divide a name: commas, equals signs, colons and white space. */
function plainName(name: string): string {
  return name.replace(/[^\w.-]/g, '_').slice(0, LONGEST_NAME);
}

function flagLetters(flags: MessageFlags | undefined): string {
  if (!flags) return '';
  return `${flags.isDraft ? 'D' : ''}${flags.isFlagged ? 'F' : ''}${flags.isAnswered ? 'R' : ''}${flags.isSeen ? 'S' : ''}`;
}

/**
 * Returns a folder's directory in Maildir++ (courier-mta.org, maildir++). INBOX, and mail outside of folders, lie in the root
 * and give the empty name. The name of a subfolder starts with a dot, and dots join its levels: a dot inside a level would
 * make another level, and becomes `_`.
 * @param levels the folder's names from the top, each in modified UTF-7: `['INBOX', 'Sub']` gives `.INBOX.Sub`
 */
export function formatMaildirFolder(levels: readonly string[]): string {
  const [first = ''] = levels;
  if (
    levels.length === 1 &&
    (first === '' || first.toUpperCase() === 'INBOX')
  ) {
    return '';
  }

  return levels.map((level) => `.${level.replaceAll('.', '_')}`).join('');
}
