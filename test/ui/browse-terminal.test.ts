import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { hasTerminal, type Session, typeInto } from '../helpers/terminal.js';
import { kms } from '../helpers/tools.js';

const ENTER = '\r';
const DOWN = '\x1b[B';
const ESCAPE = '\x1b';

let dir = '';
let server: Installation;

const mail = (subject: string, id: string): string =>
  `From: bob@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${id}@x>\r\nDate: 3 Nov 2026 12:00:00 +0000\r\n\r\nx\r\n`;
const numbered = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `${(i + 1).toString(16).padStart(8, '0')}.eml`,
      mail(`Number ${String(i + 1)}.`, `n${String(i + 1)}`),
    ]),
  );
const live = (folder: string): string =>
  join(server.storeDir, 'mail/example.com/alice', folder, '#msgs');
const recover = (
  words: readonly string[],
  steps: readonly (readonly [string, string])[],
): Session =>
  typeInto(
    [
      'recover',
      server.backupDir,
      '-i',
      '--server-dir',
      server.serverDir,
    ].concat(words),
    steps,
  );

beforeAll(() => {
  dir = temporaryDirectory('browse-terminal');
  const alice = {
    INBOX: {
      '#msgs': {
        '00000001.eml': mail('Old', 'o'),
        '00000002.eml': mail('New', 'n'),
      },
    },
    Sent: { '#msgs': numbered(230) },
  };
  server = buildInstallation(join(dir, 'server'), {
    store: { mail: { 'example.com': { alice } } },
  });
  const ended = kms(['backup', 'full', '--server-dir', server.serverDir]);
  expect(ended.status).toBe(0);
});
afterAll(() => {
  removeTemporary(dir);
});

describe.skipIf(!hasTerminal)('recover --interactive', () => {
  it('marks what the live store lacks, keeps marks across filters, and adds by default', () => {
    for (const number of ['00000007', '000000c8', '000000c9']) {
      rmSync(join(live('Sent'), `${number}.eml`));
    }

    rmSync(join(live('INBOX'), '00000002.eml'));
    const before = readdirSync(live('Sent')).length;
    const { status, screen } = recover(
      ['-u', 'alice', '--yes'],
      [
        ['From which backup?', ENTER],
        ['Sent  230 messages', '/sent'],
        ['/sent', ENTER],
        ['choose', ENTER],
        ['What of Sent?', `${DOWN}${DOWN}${ENTER}`],
        ['Which messages?', 'm'],
        ['3 of 230', '/number 7.'],
        ['1 of 230', ENTER],
        ['m show all', ' '],
        ['1 marked', '/'],
        ['keep the filter', ESCAPE],
        ['230 of 230', '/ber 200.'],
        ['1 of 230', `${ENTER} `],
        ['2 marked', ENTER],
        ['Add what is missing, or replace?', ENTER],
      ],
    );
    expect(screen).toMatch(/INBOX {2}2 messages, [^\n]*, 1 missing/);
    expect(screen).toMatch(/Sent {2}230 messages, [^\n]*, 3 missing/);
    expect(screen).toMatch(/missing {2}bob@example.com +Number 7\./);
    expect(screen).toContain('2 messages added');
    expect(status).toBe(0);
    const after = readdirSync(live('Sent'));
    expect(after).toHaveLength(before + 2);
    expect(after).toContain('00000007.eml');
    expect(after).not.toContain('000000c9.eml');
  });

  it('replaces where a person says so, after its plan and a yes', () => {
    writeFileSync(join(live('INBOX'), '00000001.eml'), 'changed');
    const steps = [
      ['From which backup?', ENTER],
      ['What of INBOX?', ENTER],
      ['Add what is missing, or replace?', `${DOWN}${ENTER}`],
    ] as const;
    const scope = ['-u', 'alice@example.com', '-f', 'INBOX'];

    const no = recover(scope, [...steps, ['Do it?', ENTER]]);
    expect(no.status).toBe(2);
    expect(no.screen).toContain('nothing was changed');
    expect(no.screen).not.toMatch(/Which (domain|user|folder)/);
    expect(readFileSync(join(live('INBOX'), '00000001.eml'), 'utf8')).toBe(
      'changed',
    );

    const yes = recover(scope, [...steps, ['Do it?', `y${ENTER}`]]);
    expect(yes.status).toBe(0);
    expect(readFileSync(join(live('INBOX'), '00000001.eml'), 'utf8')).toContain(
      'Old',
    );
  });

  it('refuses names that are not there, as without lists', () => {
    const archive = [['From which backup?', ENTER]] as const;
    expect(recover(['-u', 'alcie'], archive)).toMatchObject({
      status: 10,
      screen: expect.stringContaining('Did you mean alice?') as string,
    });
    expect(recover(['-u', 'alice', '-f', 'Snet'], archive).status).toBe(10);
    expect(recover(['-f', 'Sent'], []).status).toBe(2);
  });

  it('says once where there is no live store to compare with', () => {
    const { screen, status } = recover(
      ['--store', join(dir, 'empty'), '-u', 'alice', '--additive', '--dry-run'],
      [
        ['From which backup?', ENTER],
        ['Which folder of alice?', ENTER],
        ['What of INBOX?', `${DOWN}${DOWN}${ENTER}`],
        ['Which messages?', `a${ENTER}`],
      ],
    );
    expect(screen.match(/No live store was found/g)).toHaveLength(1);
    expect(screen).not.toContain('missing');
    expect(status).toBe(0);
  });

  it('leads an export too, which asks for nothing else', () => {
    const words = ['-i', '-u', 'alice', '-o', join(dir, 'a.zip')];
    const { status, screen } = typeInto(
      ['export', server.backupDir, '--server-dir', server.serverDir, ...words],
      [
        ['From which backup?', ENTER],
        ['Which folder of alice?', ENTER],
        ['What of INBOX?', ENTER],
      ],
    );
    expect(screen).toContain('Exported  2 messages');
    expect(status).toBe(0);
  });

  it('ends with Ctrl+C at any list', () => {
    const { status } = recover(
      ['-u', 'alice'],
      [
        ['From which backup?', ENTER],
        ['Which folder of alice?', '/s\x03'],
      ],
    );
    expect(status).toBe(130);
  });
});
