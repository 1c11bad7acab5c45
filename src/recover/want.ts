import { REQUIRED_FILES } from '../archive/required-files.js';
import type { Component } from '../store/components.js';
import { PUBLIC } from '../store/mail-names.js';
import type { MailScope } from '../store/mail-scope.js';
import type { EntryFilter } from './entry-filter.js';
import type { RecoverRequest } from './request.js';
import type { ChainEntries } from './select-entries.js';

/** The meaning of a request for an archive: which entries it wants, and which damage concerns it. Pure. */

/** The wish for a part of a point, as far as damage may concern it. */
export interface Want {
  /** The components of a mail server; undefined: everything. */
  readonly components: ReadonlySet<Component> | undefined;
  /** Of the mail this domain and user; undefined, or one of them undefined: all. */
  readonly mailboxes: Pick<MailScope, 'domain' | 'user'> | undefined;
  /** Single messages are wanted: those that are there are all there can be. */
  readonly isByName: boolean;
}

/** The wish of a request. @param scope the part of the mail that it names, found */
export function wantOf(
  { mask }: RecoverRequest,
  scope: MailScope | undefined,
): Want {
  return scope
    ? wantOfMail(scope)
    : { components: mask, mailboxes: undefined, isByName: false };
}

/** The wish for a part of the mail. */
export function wantOfMail({ domain, user, messages }: MailScope): Want {
  return {
    components: new Set(['mail']),
    mailboxes: { domain, user },
    isByName: messages !== undefined,
  };
}

/** Tells whether a mailbox is wanted, by `countedMailboxOf`. */
export function wantsMailbox({ mailboxes }: Want, mailbox: string): boolean {
  if (!mailboxes) return true;

  const { domain, user } = mailboxes;
  const [first, second] = mailbox.split('/', 2);

  // The public folders of the whole server are counted one by one: `#public/News`.
  if (first === PUBLIC) {
    return domain === undefined && (user === undefined || user === PUBLIC);
  }

  return (
    (domain === undefined || first === domain) &&
    (user === undefined || second === user)
  );
}

/** The entries that a request wants. */
export function filterFor(
  { mask }: RecoverRequest,
  scope: MailScope | undefined,
): EntryFilter {
  if (scope) return { kind: 'scope', scope };

  return mask
    ? { kind: 'components', components: mask }
    : { kind: 'everything' };
}

/** Of a part only the chosen entries are judged: damage elsewhere keeps nobody from it. */
export function isPartial({ scope, mask }: RecoverRequest): boolean {
  return scope !== undefined || mask !== undefined;
}

/** The files without which no server can be set up again, as far as they were asked for and are not among the entries. */
export function findMissing(
  { scope, mask }: RecoverRequest,
  { tops }: ChainEntries,
): string[] {
  if (scope !== undefined || mask?.has('cfg') === false) return [];

  return REQUIRED_FILES.filter(
    (name) => !tops.some((top) => top.area === 'install' && top.name === name),
  );
}
