/** How many messages each mailbox has: `example.com/alice` → 1204. Pure. */
export type MailboxCounts = ReadonlyMap<string, number>;

/** Far less mail than before: of whom, and how much is left. */
export interface MailLoss {
  /** `example.com/alice`; undefined for all mail together. */
  readonly mailbox: string | undefined;
  readonly before: number;
  readonly now: number;
}

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

/** A handful of messages comes and goes every day. */
const FEWEST_LOST = 5;

/** Mailboxes that lost more than the limit, and all mail together. A mailbox that is new lost nothing. */
export function findLosses(
  before: MailboxCounts,
  now: MailboxCounts,
  limits: LossLimits,
): MailLoss[] {
  const losses: MailLoss[] = [];
  const [allBefore, allNow] = [sum(before), sum(now)];

  if (isLoss(allBefore, allNow, limits.allPercent)) {
    losses.push({ mailbox: undefined, before: allBefore, now: allNow });
  }

  for (const [mailbox, count] of before) {
    const left = now.get(mailbox) ?? 0;
    if (isLoss(count, left, limits.mailboxPercent)) {
      losses.push({ mailbox, before: count, now: left });
    }
  }

  return losses;
}

function isLoss(before: number, now: number, percent: number): boolean {
  const lost = before - now;
  return lost >= FEWEST_LOST && lost * 100 >= before * percent;
}

function sum(counts: MailboxCounts): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
