import type { MessageFlags } from '../mail/index-fld.js';

/** One message on its way out of an archive. */
export interface ExportedMessage {
  /** Undefined for the public folders of the whole server. */
  readonly domain: string | undefined;
  /** Undefined for public folders. */
  readonly user: string | undefined;
  /** As people see it: `INBOX/Ärzte`. */
  readonly folder: string;
  /** The file's name: `0000000a.eml`. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly modifiedAt: Date;
  /** From the folder's index.fld; undefined where that does not know the message. */
  readonly flags: MessageFlags | undefined;
}

/** The mailbox a message is from: `example.com/alice`, `example.com/#public` or `#public`. */
export function mailboxOf(message: Pick<ExportedMessage, 'domain' | 'user'>): string {
  return [message.domain, message.user ?? '#public'].filter((part) => part !== undefined).join('/');
}
