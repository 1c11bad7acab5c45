/** What a bucket's server does by itself, and when: its rules and its clock. */
import { KmsError } from '../errors.js';
import type { Lifecycle } from '../object-store/lifecycle.js';
import type { ObjectStore } from '../object-store/object-store.js';
import type { Clock } from '../platform/clock.js';
import { formatAge, plural } from '../platform/units.js';
import { type Check, ok, problem, warning } from './check.js';

interface BucketLook {
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/** Servers refuse what was signed at another time; the client makes up for that, locks and ages cannot. */
const WRONG_CLOCK_MS = 5 * 60_000;

export async function checkServerClock({
  store,
  clock,
}: BucketLook): Promise<Check> {
  const name = 'server clock';
  const at = await store.serverTime();
  if (!at) return ok(name, 'the server does not tell');

  const offsetMs = at.getTime() - clock().getTime();
  const offset = formatAge(Math.abs(offsetMs));
  if (Math.abs(offsetMs) < WRONG_CLOCK_MS) {
    return ok(name, 'the clocks of server and machine agree');
  }

  return warning(
    name,
    `the server's clock is ${offset} ${offsetMs > 0 ? 'ahead' : 'behind'}: objects are locked and uploads are old by that much too soon or too late`,
    'Set the clock of this machine by NTP, or tell whoever runs the server.',
  );
}

/** The rules of the bucket, where the server has such and tells them. */
export async function checkLifecycle({ store }: BucketLook): Promise<Check[]> {
  const name = 'lifecycle';

  try {
    return judgeRules(await store.lifecycle());
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return [
      ok(
        name,
        'the server does not tell its rules: what nobody finishes goes with a later backup, after seven days',
      ),
    ];
  }
}

function judgeRules({
  dropsUploadsAfterDays: drops,
  removesAfterDays: removes,
}: Lifecycle): Check[] {
  const name = 'lifecycle';
  const uploads =
    drops === undefined
      ? warning(
          name,
          'no rule drops uploads that nobody finishes: they are paid for until a later backup drops them',
          'Set a lifecycle rule: AbortIncompleteMultipartUpload after 7 days.',
        )
      : ok(name, `unfinished uploads go after ${plural(drops, 'day')}`);
  if (removes === undefined) return [uploads];

  return [
    uploads,
    problem(
      'expiration',
      `a rule removes objects after ${plural(removes, 'day')}, archives among them, and fulls before their differentials`,
      'Take that rule off this prefix: rotation removes archives whole, and never the last one.',
    ),
  ];
}
