/** The rules by which a server itself removes what lies in a bucket. Pure. */
import type { AnswerElement } from './answer-xml.js';

/** What the rules that hold for one prefix do, the soonest of each kind. */
export interface Lifecycle {
  /** Uploads that nobody finished are dropped after so many days; undefined: never. */
  readonly dropsUploadsAfterDays: number | undefined;
  /** Objects themselves are removed after so many days, or on a date (0); undefined: never. */
  readonly removesAfterDays: number | undefined;
}

/** Undefined where the answer is not what S3 says. @param prefix with its slash; empty: the whole bucket */
export function lifecycleOf(
  root: AnswerElement,
  prefix: string,
): Lifecycle | undefined {
  if (root.name !== 'LifecycleConfiguration') return undefined;

  const rules = root
    .all('Rule')
    .filter((rule) => rule.text('Status') === 'Enabled')
    .filter((rule) => concerns(rule, prefix));

  return {
    dropsUploadsAfterDays: soonest(rules.flatMap(uploadDays)),
    removesAfterDays: soonest(rules.flatMap(removalDays)),
  };
}

/** Which objects a rule means by tag or size nobody knows here: it may be these. */
function concerns(rule: AnswerElement, prefix: string): boolean {
  const [filter] = rule.all('Filter');
  const [both] = filter?.all('And') ?? [];
  const named =
    both?.text('Prefix') ?? filter?.text('Prefix') ?? rule.text('Prefix') ?? '';

  return prefix.startsWith(named) || named.startsWith(prefix);
}

function uploadDays(rule: AnswerElement): number[] {
  return rule
    .all('AbortIncompleteMultipartUpload')
    .map((one) => Number(one.text('DaysAfterInitiation')));
}

function removalDays(rule: AnswerElement): number[] {
  return rule.all('Expiration').flatMap((one) => {
    const days = one.text('Days');
    if (days !== undefined) return [Number(days)];

    return one.text('Date') === undefined ? [] : [0];
  });
}

function soonest(days: readonly number[]): number | undefined {
  return days.length === 0 ? undefined : Math.min(...days);
}
