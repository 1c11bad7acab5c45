import { errnoOf, messageOf } from '../errors.js';
import { type BrowsedMessage, readMessages } from '../jobs/browse-mail.js';
import type { MailSource } from '../jobs/select-mail.js';
import { formatCount } from '../platform/units.js';
import { joinNames } from '../store/mail-names.js';
import type { MailboxIndex } from '../store/mailboxes.js';
import type { Prompts } from './prompts.js';

/** The comparison of fewer messages with the live store takes no time that a person notices. */
const QUICK_MESSAGES = 5000;

/** The owner of a mailbox. */
export interface Owner {
  readonly domain: string | undefined;
  readonly user: string;
}

/** The messages of mailboxes, compared with the live store where there is one. */
export class Shelf {
  readonly #read = new Map<string, readonly BrowsedMessage[]>();

  constructor(
    private readonly prompts: Prompts,
    private readonly source: MailSource,
    private storeDir: string | undefined,
  ) {}

  /** The numbers of messages that the live store lacks, by folder; nothing where it is not known. */
  async countMissing(owner: Owner): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    if (this.storeDir === undefined) return counts;

    for (const { folder, isMissing } of await this.#mailbox(owner)) {
      if (isMissing) counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }

    return counts;
  }

  /** The messages of a folder, newest first. */
  async messagesOf(
    owner: Owner,
    folder: string,
  ): Promise<readonly BrowsedMessage[]> {
    if (this.storeDir === undefined) {
      const part = { ...owner, folder, withSubfolders: false };
      return readMessages(this.source, part, undefined);
    }

    const messages = await this.#mailbox(owner);

    return messages.filter((message) => message.folder === folder);
  }

  async #mailbox(owner: Owner): Promise<readonly BrowsedMessage[]> {
    const name = joinNames(owner.domain, owner.user);
    const known = this.#read.get(name);
    if (known) return known;

    const messages = await this.#compare(owner);
    this.#read.set(name, messages);

    return messages;
  }

  async #compare(owner: Owner): Promise<readonly BrowsedMessage[]> {
    const part = { ...owner, withSubfolders: true };
    const count = countOf(mailboxOf(this.source, owner));
    if (count > QUICK_MESSAGES) {
      this.prompts.tell(
        `Comparing ${formatCount(count)} messages with the live store …`,
      );
    }

    try {
      return await readMessages(this.source, part, this.storeDir);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;

      this.storeDir = undefined;
      this.prompts.tell(
        `The live store cannot be read, what it lacks is not marked: ${messageOf(error)}`,
      );
      return readMessages(this.source, part, undefined);
    }
  }
}

export function mailboxOf(
  source: MailSource,
  owner: Owner,
): MailboxIndex | undefined {
  return source.index.mailboxes.get(joinNames(owner.domain, owner.user));
}

function countOf(mailbox: MailboxIndex | undefined): number {
  const folders = [...(mailbox?.folders.values() ?? [])];

  return folders.reduce((sum, { messages }) => sum + messages, 0);
}
