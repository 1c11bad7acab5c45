import type { MessageFlags } from '../mail/index-fld.js';

/** One message on its way out of an archive. */
export interface ExportedMessage {
  /** `example.com/alice`, `example.com/#public` or `#public`; the domain alone where it lies in that directory itself. */
  readonly mailbox: string;
  /** As people see it: `INBOX/Ärzte`. Empty where the message lies in no folder. */
  readonly folder: string;
  /** The file's name: `0000000a.eml`, `Re Hello.eml`. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly modifiedAt: Date;
  /** From the folder's index.fld; undefined where that does not know the message. */
  readonly flags: MessageFlags | undefined;
}

/** The folder a message is from: `example.com/alice/INBOX/Ärzte`; its mailbox where it lies in none. */
export function folderOf({
  mailbox,
  folder,
}: Pick<ExportedMessage, 'mailbox' | 'folder'>): string {
  return [mailbox, folder].filter((name) => name !== '').join('/');
}
