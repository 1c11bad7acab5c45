import type { MessageFlags } from './index-fld.js';

/** Leaves room for the time, the size and the flags: no file system takes more than 255 bytes. */
const LONGEST_NAME = 100;

/** What a Maildir keeps about a message in its file's name. */
export interface MaildirMessage {
  readonly receivedAt: Date;
  /** Tells messages of one second apart: unique within the export. */
  readonly sequence: number;
  /** The message's name in the store: `0000000a`, `Re Hello`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly flags: MessageFlags | undefined;
}

/**
 * A file name for `cur/`: `1763368200.12_0000000a.kms-backup,S=1133:2,RS`. Seconds, a unique middle, the writer, the size
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

/** Readers find sizes and flags by commas, equals signs and colons, and split at white space: none is left of them in a name. */
function plainName(name: string): string {
  return name.replace(/[^\w.-]/g, '_').slice(0, LONGEST_NAME);
}

function flagLetters(flags: MessageFlags | undefined): string {
  if (!flags) return '';
  return `${flags.isDraft ? 'D' : ''}${flags.isFlagged ? 'F' : ''}${flags.isAnswered ? 'R' : ''}${flags.isSeen ? 'S' : ''}`;
}

/**
 * A folder's directory in Maildir++ (courier-mta.org, maildir++): INBOX is the root and gives the empty name, and so does mail
 * that lies in no folder; subfolders
 * start with a dot and their levels are joined by dots. A dot inside a name would make a level of its own and becomes `_`.
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
