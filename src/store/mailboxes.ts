import { numberOfMessage } from './message-file.js';
import { mailboxNameOf, messageKeyOf, PUBLIC } from './mail-names.js';
import type { StoreDirectory, StorePath } from './store-path.js';

/** The mailboxes and folders of a store or an archive, with their messages and sizes. Pure. */

/** One mailbox, by its folders. */
export interface MailboxIndex {
  readonly domain: string | undefined;
  /** `#public` for public folders, empty for mail in the domain's own directory. */
  readonly user: string;
  /** By decoded name; mail that lies in no folder is that of the empty name. */
  readonly folders: Map<string, { messages: number; sizeBytes: number }>;
}

/** All mailboxes and folders, gathered path by path. */
export class MailIndex {
  readonly mailboxes = new Map<string, MailboxIndex>();
  /** The keys of messages that go by their files' whole names although these look like the server's. */
  readonly misplaced = new Set<string>();

  /** Notes the mailbox and the folder that `path` lies in, and how many messages lie beside it. */
  add(path: StoreDirectory, sizeBytes: number, messages: number): void {
    if (path.user === undefined && !path.isPublic && messages === 0) return;

    const name = mailboxNameOf(path);
    let mailbox = this.mailboxes.get(name);

    if (!mailbox) {
      mailbox = {
        domain: path.domain,
        user: path.user ?? (path.isPublic ? PUBLIC : ''),
        folders: new Map(),
      };
      this.mailboxes.set(name, mailbox);
    }

    if (path.folder === '' && messages === 0) return;

    const folder = mailbox.folders.get(path.folder) ?? {
      messages: 0,
      sizeBytes: 0,
    };

    mailbox.folders.set(path.folder, {
      messages: folder.messages + messages,
      sizeBytes: folder.sizeBytes + sizeBytes,
    });
  }

  /** Notes a message that lies where the server keeps none, if its name alone does not tell it from the server's. */
  addMisplaced(path: StorePath): void {
    if (numberOfMessage(path.file) === undefined) return;

    this.misplaced.add(messageKeyOf(path));
  }

  get domains(): string[] {
    return unique(
      [...this.mailboxes.values()].flatMap(({ domain }) => domain ?? []),
    );
  }

  /** The mailboxes of a domain, or all of them. */
  mailboxesOf(domain: string | undefined): MailboxIndex[] {
    return [...this.mailboxes.values()].filter(
      (mailbox) => domain === undefined || mailbox.domain === domain,
    );
  }
}

/** The names, each once, in their order. */
export function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
