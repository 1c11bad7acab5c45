import type { ConfigDocument } from './config/document.js';
import { findSection, readerOf } from './config/values.js';

/** The accounts of users.cfg (docs/kerio.md 8.5). Pure. */

/** A mailbox of the store, by the names of its directories. */
export interface OwnedMailbox {
  readonly domain: string;
  readonly user: string;
}

/**
 * The mailboxes that nobody can open, because users.cfg has no account for them: `bob@example.com`; `@example.net` where it
 * has none of a whole domain, whose accounts a directory service may hold. Names are compared as the server does, whatever
 * their case. A domain that mailserver.cfg does not name may be another name of one that it does: there any account of that
 * name counts.
 * @param domains the names in mailserver.cfg, in lower case; undefined: they are not known
 */
export function findWithoutAccount(
  mailboxes: readonly OwnedMailbox[],
  users: ConfigDocument,
  domains?: ReadonlySet<string>,
): string[] {
  const accounts = readAccounts(users);
  const names = new Set(accounts.map(({ user }) => user));
  const addresses = new Set(accounts.map(addressOf));
  const served = new Set(accounts.map(({ domain }) => domain));

  const found = mailboxes.flatMap((mailbox) => {
    const { user, domain } = toLowerCase(mailbox);
    const isOtherName = domains?.has(domain) === false && names.has(user);
    if (isOtherName || addresses.has(addressOf({ user, domain }))) return [];

    return served.has(domain) ? [addressOf(mailbox)] : [`@${mailbox.domain}`];
  });

  return [...new Set(found)];
}

/**
 * Says whether each mailbox has an account, by the text alone as the server writes it: ten thousand accounts take seconds
 * to parse. False where that does not tell.
 */
export function haveAccounts(
  mailboxes: readonly OwnedMailbox[],
  users: string,
): boolean {
  const list = /<list name="User">([^]*?)<\/list>/.exec(users)?.[1] ?? '';
  const pairs = list.matchAll(
    /<variable name="Name">([^<&]*)<\/variable>\s*<variable name="Domain">([^<&]*)<\/variable>/g,
  );
  const accounts = [...pairs].map(([, user = '', domain = '']) =>
    addressOf(toLowerCase({ domain, user })),
  );
  const known = new Set(accounts);

  return mailboxes.every((mailbox) =>
    known.has(addressOf(toLowerCase(mailbox))),
  );
}

/** The names of the domains in mailserver.cfg, in lower case; undefined where it has no list of them. */
export function readDomains(
  document: ConfigDocument,
): ReadonlySet<string> | undefined {
  const items = findSection(document, 'list', 'Domain')?.items;
  const names = items?.map((item) =>
    readerOf(document, item).text('Name', '').toLowerCase(),
  );

  return names && new Set(names);
}

function readAccounts(users: ConfigDocument): OwnedMailbox[] {
  const items = findSection(users, 'list', 'User')?.items ?? [];

  return items.map((item) => {
    const read = readerOf(users, item);

    return toLowerCase({
      domain: read.text('Domain', ''),
      user: read.text('Name', ''),
    });
  });
}

function toLowerCase({ domain, user }: OwnedMailbox): OwnedMailbox {
  return { domain: domain.toLowerCase(), user: user.toLowerCase() };
}

function addressOf({ domain, user }: OwnedMailbox): string {
  return `${user}@${domain}`;
}
