/** Which part of a point a drill recovers. Pure: what chance decides, a number decides that can be given again. */
import { createHash } from 'node:crypto';
import { NotFoundError } from '../errors.js';
import { PUBLIC } from '../store/mail-names.js';
import type { TypedScope } from '../store/mail-scope.js';
import type { MailboxIndex, MailIndex } from '../store/mailboxes.js';

/** What a drill is asked to recover. */
export type DrillWish =
  | { readonly kind: 'everything' }
  | { readonly kind: 'one' }
  | { readonly kind: 'share'; readonly percent: number }
  | { readonly kind: 'named'; readonly scope: TypedScope };

/** One recover of a drill. */
export interface DrillPart {
  /** `example.com/alice`; what was named where the flags name it. */
  readonly label: string;
  /** Undefined: everything. */
  readonly scope: TypedScope | undefined;
}

export interface DrillSample {
  readonly parts: readonly DrillPart[];
  /** The mailboxes among which chance chose; undefined where it chose nothing. */
  readonly chosenAmong: number | undefined;
}

/**
 * The parts of a drill.
 * @param seed the same one chooses the same mailboxes, as long as they are there
 * @throws {NotFoundError} where there is no mailbox to choose
 */
export function planSample(
  wish: DrillWish,
  index: MailIndex,
  seed: number,
): DrillSample {
  switch (wish.kind) {
    case 'everything':
      return {
        parts: [{ label: 'everything', scope: undefined }],
        chosenAmong: undefined,
      };
    case 'named':
      return {
        parts: [{ label: describeScope(wish.scope), scope: wish.scope }],
        chosenAmong: undefined,
      };
    case 'one':
      return chooseByChance(index, () => 1, seed);
    case 'share':
      return chooseByChance(
        index,
        (count) => Math.ceil((count * wish.percent) / 100),
        seed,
      );
  }
}

function chooseByChance(
  index: MailIndex,
  countOf: (there: number) => number,
  seed: number,
): DrillSample {
  const mailboxes = worthwhile(index);
  if (mailboxes.length === 0) {
    throw new NotFoundError('the newest backup holds no mailbox', {
      hints: ['Recover everything of it: drill --full.'],
    });
  }

  const parts = mailboxes
    .map((mailbox) => ({ mailbox, rank: rankOf(mailbox, seed) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, countOf(mailboxes.length))
    .map(({ mailbox }) => toPart(mailbox));

  return { parts, chosenAmong: mailboxes.length };
}

/** An empty mailbox proves nothing, unless there is no other. What no flag can name alone is drilled with everything. */
function worthwhile(index: MailIndex): MailboxIndex[] {
  const named = [...index.mailboxes.values()].filter(
    ({ domain, user }) =>
      domain !== undefined && user !== '' && !user.includes('@'),
  );
  const filled = named.filter(({ folders }) =>
    [...folders.values()].some(({ messages }) => messages > 0),
  );

  return filled.length > 0 ? filled : named;
}

/** A mailbox that comes or goes changes the order of no others. */
function rankOf({ domain, user }: MailboxIndex, seed: number): string {
  return createHash('sha256')
    .update(`${String(seed)}\n${domain ?? ''}\n${user}`)
    .digest('hex');
}

function toPart({ domain, user }: MailboxIndex): DrillPart {
  const scope = { domain, user, withSubfolders: true };

  return { label: describeScope(scope), scope };
}

/** `alice@example.com`, `example.com`, `the public folders of example.com`. */
function describeScope({ domain, user, folder }: TypedScope): string {
  const where = domain === undefined ? '' : `@${domain}`;
  if (user === PUBLIC) {
    return `the public folders of ${domain ?? 'the server'}`;
  }

  const owner = user === undefined ? (domain ?? '') : user + where;

  return folder === undefined ? owner : `${folder} of ${owner}`;
}
