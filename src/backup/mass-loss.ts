import { SystemError } from '../errors.js';
import { classOf, wordsOf } from '../platform/errno-classes.js';
import { plural } from '../platform/units.js';
import { MAIL_ENTRY } from '../store/entry-place.js';
import { type MailboxCounts, sumMail } from './count-mail.js';
import type { Predecessor } from './predecessor.js';

/** From which share of messages on a loss is an alarm, in per cent. */
export interface LossLimits {
  readonly mailboxPercent: number;
  readonly allPercent: number;
}

/** Half of a user's messages, or a fifth of all. */
export const DEFAULT_LOSS_LIMITS: LossLimits = {
  mailboxPercent: 50,
  allPercent: 20,
};

/** The mail of a run, when everything is packed. */
export interface ObservedMail {
  /** As the store was listed. */
  readonly listed: MailboxCounts;
  /** Of it in the archive, or unchanged in its base. */
  readonly stored: MailboxCounts;
  /** Entry names of directories whose mail is unknown. */
  readonly unlisted: readonly string[];
}

/** Something that is not in the archive. */
export interface LeftOut {
  /** An entry name. */
  readonly name: string;
  readonly reason: string;
  /** The system's error, where it refused. */
  readonly errno?: string | undefined;
}

/** Far less mail than before: of whom, and how much is left. */
interface MailLoss {
  /** `example.com/alice`; undefined for all mail together. */
  readonly mailbox: string | undefined;
  readonly before: number;
  readonly now: number;
}

/** Why no older archive may be removed. */
export type LossAlarm =
  /** The store went away during the run: nobody knows what else it would have had. */
  | { readonly kind: 'unreachable'; readonly path: LeftOut }
  /** Mail of the listing is not in the archive. */
  | { readonly kind: 'unread'; readonly loss: MailLoss }
  /** Mail that the archive before had is gone. */
  | { readonly kind: 'gone'; readonly loss: MailLoss; readonly before: string }
  /** A directory of mail could not be listed. */
  | { readonly kind: 'unlisted'; readonly name: string };

/** The store went away and nothing of its mail is left: nothing is to be published. */
interface GoneStore {
  readonly errno: string;
  readonly fact: string;
}

export interface LossVerdict {
  readonly gone: GoneStore | undefined;
  /** The largest losses first. */
  readonly alarms: readonly LossAlarm[];
}

/**
 * Compares the mail of a run with that of the archive before it: an archive that lacks mail in masses must not push out an
 * older one. Pure.
 */
export class MassLoss {
  #mail: ObservedMail | undefined;
  #leftOut: readonly LeftOut[] = [];

  /** @param before undefined where no earlier archive can tell */
  constructor(
    private readonly before: Predecessor | undefined,
    private readonly limits: LossLimits,
  ) {}

  /** Takes what became of the mail. @param mail undefined where the run does not look at mail */
  observe(mail: ObservedMail | undefined, leftOut: readonly LeftOut[]): void {
    this.#mail = mail;
    this.#leftOut = leftOut;
  }

  verdict(): LossVerdict {
    return {
      gone: findGoneStore(this.#mail, this.#leftOut),
      alarms: [...this.#findUnreachable(), ...this.#findLosses()],
    };
  }

  #findUnreachable(): LossAlarm[] {
    const path = this.#leftOut.find(
      ({ errno }) => classOf(errno ?? '')?.code === 'NOT_REACHABLE',
    );

    return path ? [{ kind: 'unreachable', path }] : [];
  }

  #findLosses(): LossAlarm[] {
    if (!this.#mail) return [];

    const { listed, stored, unlisted } = this.#mail;
    const unread = findLosses(listed, stored, this.limits);
    const unreadMailboxes = new Set(unread.map(({ mailbox }) => mailbox));

    return [
      ...unread.map((loss): LossAlarm => ({ kind: 'unread', loss })),
      ...this.#findGone(stored).filter(
        ({ loss }) => !unreadMailboxes.has(loss.mailbox),
      ),
      ...unlisted.map((name): LossAlarm => ({ kind: 'unlisted', name })),
    ];
  }

  #findGone(stored: MailboxCounts): Extract<LossAlarm, { kind: 'gone' }>[] {
    if (!this.before) return [];

    const { stem, counts } = this.before;

    return findLosses(counts, stored, this.limits).map((loss) => ({
      kind: 'gone',
      loss,
      before: stem,
    }));
  }
}

/** An alarm as people read it. */
export function describeAlarm(alarm: LossAlarm): string {
  return `${factOf(alarm)}; no archive is removed in this run`;
}

function factOf(alarm: LossAlarm): string {
  switch (alarm.kind) {
    case 'unreachable':
      return `the store could not be reached for a time (${alarm.path.reason}, ${alarm.path.name})`;
    case 'unread': {
      const { mailbox, before, now } = alarm.loss;
      return `far less mail than listed: of ${plural(before, 'message')} of ${nameOf(mailbox)} ${now} could be read`;
    }

    case 'gone': {
      const { mailbox, before, now } = alarm.loss;
      return `far less mail than before: ${nameOf(mailbox)} has ${plural(now, 'message')}, ${alarm.before}.zip has ${before}`;
    }

    case 'unlisted':
      return `the mail below ${alarm.name} could not be listed`;
  }
}

const nameOf = (mailbox: string | undefined): string =>
  mailbox ?? 'the whole store';

/**
 * One file that cannot be read is named, and the night goes on. A store that went away leaves nothing that is worth the
 * name of a backup: an archive without mail would only stand in the way of the last one with it.
 * @throws {SystemError} where the verdict says so
 */
export function refuseGoneStore({ gone }: LossVerdict): void {
  if (!gone) return;

  const { errno, fact } = gone;
  const errnoClass = classOf(errno);

  throw new SystemError(
    errnoClass?.code ?? 'IO_ERROR',
    errno,
    `${fact}: ${wordsOf(errno)} (${errno})`,
    {
      hints: [
        ...(errnoClass?.hints ?? []),
        'Nothing was published; earlier archives are untouched.',
      ],
    },
  );
}

/** The disk or share is at fault, and not one file on it. */
const DISK_CODES: ReadonlySet<string> = new Set(['NOT_REACHABLE', 'IO_ERROR']);

/** The mail cannot be listed, or of all that was listed not one message be read. */
function findGoneStore(
  mail: ObservedMail | undefined,
  leftOut: readonly LeftOut[],
): GoneStore | undefined {
  const root = leftOut.find(({ name }) => name === MAIL_ENTRY);
  const rootErrno = root && diskErrnoOf(root);

  if (rootErrno !== undefined) {
    return {
      errno: rootErrno,
      fact: 'the mail of the store cannot be listed',
    };
  }

  const errno = leftOut.map(diskErrnoOf).find((code) => code !== undefined);
  if (!mail || errno === undefined) return undefined;

  const listed = sumMail(mail.listed);
  if (listed === 0 || sumMail(mail.stored) > 0) return undefined;

  return {
    errno,
    fact: `not one of ${plural(listed, 'listed message')} can be read`,
  };
}

function diskErrnoOf({ errno }: LeftOut): string | undefined {
  return DISK_CODES.has(classOf(errno ?? '')?.code ?? '') ? errno : undefined;
}

/** Mailboxes that lost more than the limit, and all mail together, the largest loss first. A new mailbox lost nothing. */
function findLosses(
  before: MailboxCounts,
  now: MailboxCounts,
  { mailboxPercent, allPercent }: LossLimits,
): MailLoss[] {
  const losses: MailLoss[] = [];
  const all = {
    mailbox: undefined,
    before: sumMail(before),
    now: sumMail(now),
  };

  if (isLoss(all, allPercent)) losses.push(all);

  for (const [mailbox, count] of before) {
    const loss = { mailbox, before: count, now: now.get(mailbox) ?? 0 };
    if (isLoss(loss, mailboxPercent)) losses.push(loss);
  }

  return losses.sort((a, b) => b.before - b.now - (a.before - a.now));
}

/** A handful of messages comes and goes every day. */
const FEWEST_LOST = 5;

function isLoss({ before, now }: MailLoss, percent: number): boolean {
  const lost = before - now;
  return lost >= FEWEST_LOST && lost * 100 >= before * percent;
}
