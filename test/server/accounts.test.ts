import { describe, expect, it } from 'vitest';
import {
  findWithoutAccount,
  haveAccounts,
  readDomains,
} from '../../src/server/accounts.js';
import {
  type ConfigDocument,
  parseConfigDocument,
} from '../../src/server/config/document.js';
import { decodeConfigText } from '../../src/server/config/text.js';
import { list } from '../helpers/mailserver-config.js';

const parse = (lines: readonly string[]): ConfigDocument =>
  parseConfigDocument(
    decodeConfigText(
      'users.cfg',
      Buffer.from(['<config>', ...lines, '</config>'].join('\r\n')),
    ),
  );
const usersOf = (...addresses: readonly string[]): ConfigDocument =>
  parse(
    list(
      'User',
      addresses.map((address) => {
        const [name = '', domain = ''] = address.split('@');

        return [
          ['Name', name],
          ['Domain', domain],
          ['Authorization', '1'],
          ['Authorization', '2'],
        ];
      }),
    ),
  );
const mailbox = (path: string): { domain: string; user: string } => {
  const [domain = '', user = ''] = path.split('/');
  return { domain, user };
};

describe('a mailbox without an account', () => {
  const users = usersOf('Alice@example.com', 'carol@Example.ORG');

  it.each([
    ['has one, whatever its case', ['example.com/alice'], []],
    ['has none', ['example.com/bob'], ['bob@example.com']],
    ['has one in another domain', ['example.com/carol'], ['carol@example.com']],
    [
      'lies in a domain that has none at all',
      ['example.net/dora', 'example.net/eric', 'example.com/bob'],
      ['@example.net', 'bob@example.com'],
    ],
    ['has one by another name of the domain', ['alias.com/carol'], []],
    ['has none by any', ['alias.com/bob'], ['@alias.com']],
  ])('%s', (_, paths, expected) => {
    const domains = new Set(['example.com', 'example.org', 'example.net']);

    expect(findWithoutAccount(paths.map(mailbox), users, domains)).toEqual(
      expected,
    );
  });

  it('is one also where the domains are not known', () => {
    const mailboxes = [mailbox('example.com/bob'), mailbox('alias.com/carol')];

    expect(findWithoutAccount(mailboxes, users)).toEqual([
      'bob@example.com',
      '@alias.com',
    ]);
    expect(readDomains(parse([]))).toBeUndefined();
  });

  it.each([
    ['example.com/alice', true],
    ['example.org/carol', true],
    ['example.com/carol', false],
    ['example.com/erik', false],
  ])('%s is told from the text alone to have an account: %s', (path, has) => {
    const { text } = users.source;
    const others = text.replace(
      '<config>',
      '<config><list name="Group"><listitem><variable name="Name">erik</variable><variable name="Domain">example.com</variable></listitem></list>',
    );

    expect(haveAccounts([mailbox(path)], others)).toBe(has);
    expect(
      haveAccounts([mailbox('example.com/alice'), mailbox(path)], text),
    ).toBe(has);
    expect(haveAccounts([mailbox(path)], '<config></config>')).toBe(false);
  });

  it('is told by the names of the domains in mailserver.cfg', () => {
    const config = parse(
      list('Domain', [[['Name', 'Example.com']], [['Name', 'example.org']]]),
    );

    expect([...(readDomains(config) ?? [])]).toEqual([
      'example.com',
      'example.org',
    ]);
  });
});
