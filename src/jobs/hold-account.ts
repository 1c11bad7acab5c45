/** One run at a time puts mail into an account: two that have looked at the same moment would both add what is missing. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../platform/clock.js';
import { acquireLock, type Lock } from '../platform/lock.js';
import { makeStateDirectory } from '../platform/state-home.js';

/**
 * Takes the lock of an account, which other runs of this user on this machine respect. A server has several names, so it is by the
 * user alone.
 * @throws {LockedError} while another run puts mail into it
 */
export function holdAccount(user: string): Promise<Lock> {
  const directory = makeStateDirectory('accounts', 'the lock of an account');
  const name = createHash('sha256').update(user.toLowerCase()).digest('hex');

  return acquireLock({
    path: join(directory, `${name.slice(0, 32)}.lock`),
    what: `the account ${user}, into which mail is put back,`,
    command: 'recover --imap',
    clock: systemClock,
  });
}
