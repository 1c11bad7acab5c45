import { join } from 'node:path';
import { KmsError } from '../errors.js';
import {
  findWithoutAccount,
  type OwnedMailbox,
  readDomains,
} from '../server/accounts.js';
import {
  type ConfigDocument,
  parseConfigDocument,
} from '../server/config/document.js';
import { readConfigText } from '../server/config/text.js';
import { parseEntryDirectory } from '../store/store-path.js';
import { readArchivedConfig } from './archived-config.js';
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
    const users = await liveAfterwards(request, entries, 'users.cfg');
    if (!users) return [];

    const without = findWithoutAccount(mailboxes, users);
    if (without.length === 0) return [];

    const mailserver = await liveAfterwards(request, entries, 'mailserver.cfg');
    const domains = mailserver && readDomains(mailserver);

    return findWithoutAccount(mailboxes, users, domains);
  } catch (error) {
    if (error instanceof KmsError) return [];
    throw error;
  }
}

async function liveAfterwards(
  { cfgDir }: RecoverRequest,
  entries: ChainEntries,
  name: string,
): Promise<ConfigDocument | undefined> {
  const comesAlong = entries.tops.some(
    (top) => top.area === 'install' && top.name === name,
  );
  if (comesAlong) return (await readArchivedConfig(entries, name)).document;

  return parseConfigDocument(readConfigText(join(cfgDir, name)));
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
