/** The part of the mail that a comparison is about: a user, a folder may be in one of the moments only. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Turns } from '../platform/turns.js';
import { indexMail } from '../recover/index-mail.js';
import { findIn } from '../recover/judge-damage.js';
import { MAIL_ENTRY } from '../store/entry-place.js';
import { listDirectory } from '../store/list-directory.js';
import { PUBLIC } from '../store/mail-names.js';
import {
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import type { MailIndex } from '../store/mailboxes.js';
import {
  parseEntryDirectory,
  type StoreDirectory,
} from '../store/store-path.js';
import type { DiffMoment, PointMoment } from './diff-moments.js';

/** @throws {NotFoundError} where neither moment has it · {UsageError} when a user is in several domains */
export async function findDiffScope(
  before: PointMoment,
  after: DiffMoment,
  typed: TypedScope,
): Promise<MailScope> {
  const index = indexMail(before.index);

  if (after.kind === 'point') indexMail(after.index, index);
  else await addLive(index, after.server.settings.storeDir, typed);

  return findIn(before.index, () => resolveScope(index, typed));
}

/** Adds the live mailboxes, and where a folder is looked for their folders. */
async function addLive(
  index: MailIndex,
  storeDir: string,
  { folder }: TypedScope,
): Promise<void> {
  const turns = new Turns();
  const mail = join(storeDir, 'mail');
  // The whole mail may lie on another disk behind a link.
  const open = existsSync(mail)
    ? [{ path: realpathSync(mail), prefix: MAIL_ENTRY }]
    : [];

  for (let next = open.pop(); next; next = open.pop()) {
    await turns.pass();

    const { path, prefix } = next;
    const place = parseEntryDirectory(prefix);
    if (place) index.add(place, 0, 0);

    const isMailbox = place?.user !== undefined || place?.isPublic === true;
    if (isMailbox && folder === undefined) continue;

    for (const child of listDirectory(path, prefix, { exclude: [] }).children) {
      open.push({ path: join(path, child), prefix: `${prefix}${child}/` });
    }
  }
}

/** Says whether some of a scope may lie in a directory of the mail, or below it. */
export function mayHold(
  { domain, user }: MailScope,
  directory: StoreDirectory,
): boolean {
  const owner = directory.isPublic ? PUBLIC : directory.user;
  const isOfServer = directory.isPublic && directory.domain === undefined;
  const isDomain =
    domain === undefined ||
    directory.domain === domain ||
    (directory.domain === undefined && !isOfServer);

  return (
    isDomain && (user === undefined || owner === undefined || owner === user)
  );
}
