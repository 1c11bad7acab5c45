import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotFoundError } from '../../src/errors.js';
import type { TypedScope } from '../../src/store/mail-scope.js';
import {
  type BrowseChoice,
  browseMail,
  type BrowseRequest,
} from '../../src/ui/browse.js';
import { locateArchives } from '../../src/archive/storages.js';
import { openMail } from '../../src/jobs/select-mail.js';
import type { Prompts } from '../../src/ui/prompts.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { kms } from '../helpers/tools.js';

let dir = '';
let server: Installation;
const mail = (subject: string, day: number): string =>
  `From: bob@example.com\r\nSubject: ${subject}\r\nDate: ${String(day)} Nov 2026 12:00:00 +0000\r\n\r\nx\r\n`;

beforeAll(() => {
  dir = temporaryDirectory('browse');
  const many = Object.fromEntries(
    Array.from({ length: 230 }, (_, i) => [
      `${(i + 1).toString(16).padStart(8, '0')}.eml`,
      mail(`Number ${String(i)}`, 3),
    ]),
  );
  const alice = {
    INBOX: {
      '#msgs': {
        '00000001.eml': mail('Old', 1),
        '00000002.eml': mail('New \x1b[31m', 9),
      },
    },
    '&AMQ-rzte': { '#msgs': many },
  };
  const store = {
    mail: {
      'example.com': { alice },
      '#public': { News: { '#msgs': { '00000001.eml': mail('N', 1) } } },
    },
  };
  server = buildInstallation(join(dir, 'server'), { store });
  expect(kms(['backup', 'full', '--server-dir', server.serverDir]).status).toBe(
    0,
  );
});
afterAll(() => {
  removeTemporary(dir);
});

/** A person who takes the first choice that starts with each word, and what they saw. */
function person(...words: string[]): { prompts: Prompts; seen: string[] } {
  const seen: string[] = [];
  const next = (): string => words.shift() ?? '';
  const take = (
    choices: readonly { name: string; value: string }[],
    word: string,
  ): string => {
    seen.push(...choices.map(({ name }) => name));
    const found = choices.find(({ name }) => name.includes(word));
    if (!found) {
      throw new Error(
        `no choice ${word} in ${choices.map(({ name }) => name).join(' | ')}`,
      );
    }

    return found.value;
  };

  const prompts: Prompts = {
    text: () => Promise.resolve(''),
    tell: (line) => seen.push(line),
    confirm: () => Promise.resolve(true),
    select: (_message, choices) => Promise.resolve(take(choices, next())),
    pick: (_message, choices) => {
      const word = next();
      return Promise.resolve(word === '' ? [] : [take(choices, word)]);
    },
    password: () => Promise.resolve(''),
  };
  return { prompts, seen };
}

/** The backups of the test, and no live store. */
const request = (
  given: Partial<TypedScope> = {},
  from = server.backupDir,
): BrowseRequest => ({
  from: locateArchives(from),
  given: { withSubfolders: true, ...given },
  live: { store: join(dir, 'none') },
});

async function browse(
  ...words: string[]
): Promise<{ choice: BrowseChoice; seen: string[]; count: number }> {
  const { prompts, seen } = person(...words);
  const choice = await browseMail(prompts, request());
  const { counts } = await openMail(choice.from, choice.scope, 'browse');
  return { choice, seen, count: counts.messages };
}

describe('the browser', () => {
  it('leads to one message, newest first, without what would move the cursor', async () => {
    const { choice, seen, count } = await browse(
      'full',
      'example.com',
      'alice',
      'INBOX',
      'Some',
      'New',
    );
    expect(choice.scope).toEqual({
      domain: 'example.com',
      user: 'alice',
      folder: 'INBOX',
      withSubfolders: false,
      messages: ['example.com/alice/INBOX/00000002'],
    });
    expect(count).toBe(1);
    const lines = seen.filter((name) => name.includes('bob@'));
    expect(
      lines.map((line) => line.trim().replace(/^.*bob@example.com\s+/, '')),
    ).toEqual(['New  [31m', 'Old']);
    expect(seen.find((name) => name.startsWith('INBOX'))).toMatch(
      /^INBOX  2 messages, \d+ B$/,
    );
  });

  it('takes all of any level', async () => {
    expect((await browse('full', 'Everything')).count).toBe(233);
    expect((await browse('full', 'All public')).count).toBe(1);
    expect((await browse('full', 'example.com', 'All of')).count).toBe(232);
    expect(
      (await browse('full', 'example.com', 'alice', 'All folders')).count,
    ).toBe(232);
    expect(
      (await browse('full', 'example.com', 'alice', 'Ärzte', 'whole')).count,
    ).toBe(230);
  });

  it('goes back from every level, also when no message was marked', async () => {
    const words = [
      'full',
      'example.com',
      'alice',
      'INBOX',
      'Some',
      '',
      'Back',
      'Back',
      'Back',
      'Everything',
    ];
    expect((await browse(...words)).count).toBe(233);
  });

  it('leads past what is given, and not back to it', async () => {
    const given = { user: 'alice', folder: 'ärzte' };
    const { prompts, seen } = person('full', 'whole');
    const { scope } = await browseMail(prompts, request(given));
    expect(scope).toMatchObject({ user: 'alice', folder: 'Ärzte' });
    expect(seen).not.toContain('Back');

    const messages = ['example.com/alice/INBOX/00000001'];
    const named = await browseMail(
      person('full').prompts,
      request({ messages }),
    );
    expect(named.scope.messages).toEqual(messages);
  });

  it('says of a differential how many messages its point holds', async () => {
    const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');
    writeFileSync(join(inbox, '00000003.eml'), mail('Third', 3));
    const words = ['backup', 'diff', '--server-dir', server.serverDir];
    expect(kms(words).status).toBe(0);
    const { seen } = await browse('differential', 'Everything');
    expect(seen[0]).toMatch(
      /differential, 234 messages, 1 of them new or changed$/,
    );
    expect(seen[1]).toMatch(/full, 233 messages$/);
  });

  it('says so where there is nothing to choose from', async () => {
    await expect(
      browseMail(person().prompts, request({}, dir)),
    ).rejects.toThrow(NotFoundError);
  });

  it('does not begin without a terminal', () => {
    const ended = kms([
      'export',
      server.backupDir,
      '--interactive',
      '--output',
      join(dir, 'a.zip'),
    ]);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain('no terminal');
  });
});
