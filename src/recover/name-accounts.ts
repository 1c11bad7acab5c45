import { join } from 'node:path';
import { KmsError } from '../errors.js';
import {
  findWithoutAccount,
  haveAccounts,
  type OwnedMailbox,
  readDomains,
} from '../server/accounts.js';
import { parseConfigDocument } from '../server/config/document.js';
import { type ConfigText, readConfigText } from '../server/config/text.js';
import { parseEntryDirectory } from '../store/store-path.js';
import { readArchivedText } from './archived-config.js';
import type { RecoverRequest } from './request.js';
import type { ChainEntries } from './select-entries.js';
import { selectedRuns } from './selected-runs.js';

/**
 * The recovered mailboxes that have no account in the users.cfg that is live afterwards: the archive's where it comes along,
 * else the present one. None where that cannot be read, as beside a store that belongs to no server.
 */
export async function nameAccountless(
  request: RecoverRequest,
  entries: ChainEntries,
): Promise<string[]> {
  const mailboxes = mailboxesOf(entries);
  if (mailboxes.length === 0) return [];

  try {
    const users = await textAfterwards(request, entries, 'users.cfg');
    if (!users || haveAccounts(mailboxes, users.text)) return [];

    const config = await textAfterwards(request, entries, 'mailserver.cfg');
    const domains = config && readDomains(parseConfigDocument(config));

    return findWithoutAccount(mailboxes, parseConfigDocument(users), domains);
  } catch (error) {
    if (error instanceof KmsError) return [];
    throw error;
  }
}

/** A file of the configuration as it is when the recover is done. @throws {KmsError} where it cannot be read */
async function textAfterwards(
  { cfgDir }: RecoverRequest,
  entries: ChainEntries,
  name: string,
): Promise<ConfigText | undefined> {
  const comesAlong = entries.tops.some(
    (top) => top.area === 'install' && top.name === name,
  );

  return comesAlong
    ? readArchivedText(entries, name)
    : readConfigText(join(cfgDir, name));
}

/** The mailboxes of users that something is recovered of. */
function mailboxesOf({ selections }: ChainEntries): OwnedMailbox[] {
  const found = new Map<string, OwnedMailbox>();

  for (const { prefix } of selectedRuns(selections)) {
    const { domain, user } = parseEntryDirectory(prefix) ?? {};
    if (domain === undefined || user === undefined) continue;
    // As `#public`, such a directory is no user's.
    if (user.startsWith('#')) continue;

    found.set(`${domain}/${user}`, { domain, user });
  }

  return [...found.values()];
}
