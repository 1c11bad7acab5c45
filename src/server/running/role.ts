import { ExitCode, KmsError } from '../../errors.js';
import type { AdminCalls } from './calls.js';

/** The login may not change anything (exit 1). */
class RightsMissingError extends KmsError {
  constructor(message: string) {
    super('API_RIGHTS', ExitCode.failed, message, {
      hints: [
        'Log in as somebody who may administer the whole server: [api] user.',
      ],
    });
  }
}

/** Whether a role may change this server: auditors look, and administrators of accounts have their domain alone. */
const ROLES: ReadonlyMap<string, boolean> = new Map([
  ['FullAdmin', true],
  ['BuiltInAdmin', true],
  ['BuiltInDomainAdmin', false],
  ['AccountAdmin', false],
  ['Auditor', false],
  ['UserRole', false],
]);

/** Asks who we are before anything is changed. @throws {RightsMissingError} · {UnknownAnswerError} for an unknown role */
export async function refuseWithoutRights(calls: AdminCalls): Promise<void> {
  const answer = await calls.ask('Session.whoAmI');
  const role = answer
    .field('userDetails')
    .field('effectiveRole')
    .field('userRole');

  if (role.oneOf(ROLES)) return;

  throw new RightsMissingError(
    `the login at ${calls.name} is ${role.text()}, which may change nothing; nothing was changed`,
  );
}
