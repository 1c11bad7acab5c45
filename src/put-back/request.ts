/**
 * put-back/ appends messages to an account of an IMAP server. Start here; then put-back.ts (the run), target-paths.ts (which folder
 * goes where) and folder-states.ts (what is there already).
 */
import type { ImapAccount } from '../imap/account.js';
import type { ImapSession } from '../imap/session.js';
import type { MessageFlags } from '../mail/index-fld.js';
import type { OnProgress } from '../platform/progress.js';

/** A message on its way to an account. */
export interface MessageToPut {
  /** As people see it: `INBOX/Ärzte`. */
  readonly folder: string;
  /** As search prints it: `example.com/alice/INBOX/0000000a`. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly receivedAt: Date;
  /** Undefined where the archive knows none: the message is unread. */
  readonly flags: MessageFlags | undefined;
}

/** Where the folders of the archive go. */
export interface PutTarget {
  /** The folder that they go into, as people write it: steps joined by `/`. */
  readonly into: string;
  /** The folder of the archive that `into` stands for; undefined: all come below it, each under its own name. */
  readonly standsFor: string | undefined;
}

export interface PutRequest {
  readonly messages: AsyncIterable<MessageToPut>;
  /** How many messages each folder brings. */
  readonly folders: ReadonlyMap<string, number>;
  readonly account: ImapAccount;
  readonly target: PutTarget;
  /** Nothing is written; all is looked at. */
  readonly isDryRun: boolean;
  /** The pauses before each further try of a connection that broke off, in milliseconds. */
  readonly pausesMs: readonly number[];
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  readonly openSession: (
    account: ImapAccount,
    signal: AbortSignal,
  ) => Promise<ImapSession>;
}

/** A folder of the archive, and what became of its messages. */
export interface PutFolder {
  readonly from: string;
  /** As the server names it, steps joined by `/`. */
  readonly to: string;
  /** The server takes no such name of it or of one above it, or another folder has it: it got another one. */
  readonly isRenamed: boolean;
  /** It was not there. */
  readonly isNew: boolean;
  readonly added: number;
  readonly skipped: number;
}

/** A message that the server did not take. */
export interface RefusedMessage {
  readonly name: string;
  readonly reason: string;
}

export interface PutReport {
  readonly isDryRun: boolean;
  readonly added: number;
  readonly addedBytes: number;
  /** They are there already. */
  readonly skipped: number;
  readonly refused: readonly RefusedMessage[];
  /** Calendars and contacts: no messages. */
  readonly leftOut: number;
  /** Added messages whose date no server keeps: they got that of their header, or of now. */
  readonly redated: number;
  readonly folders: readonly PutFolder[];
  /** How often the connection broke off and was made again. */
  readonly reconnects: number;
}
