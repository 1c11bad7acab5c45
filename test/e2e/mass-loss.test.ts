import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMask } from '../../src/store/components.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { backUpAt } from '../helpers/nights.js';
import { startSmtp } from '../helpers/smtp.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  hasTool,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const USERS = ['alice', 'bob', 'carol', 'dave', 'erin'];
const MESSAGES = 20;

let dir = '';
let server: Installation;
beforeEach(() => {
  dir = temporaryDirectory('loss');
  server = buildInstallation(join(dir, 'server'), {
    store: storeOf(USERS),
    keep: 1,
  });
});
afterEach(() => {
  removeTemporary(dir);
});

function storeOf(users: readonly string[]): Tree {
  const names = Array.from(
    { length: MESSAGES },
    (_, i) => `${(i + 1).toString(16).padStart(8, '0')}.eml`,
  );
  const inbox = (user: string): Tree => ({
    'status.fld': 'S\r\n',
    'index.fld': 'I\r\n',
    '#msgs': Object.fromEntries(
      names.map((name) => [name, message(`${user} ${name}`)]),
    ),
  });
  return {
    mail: {
      'example.com': Object.fromEntries(
        users.map((user) => [user, { INBOX: inbox(user) }]),
      ),
    },
  };
}

const night = (day: number): string =>
  `2026-01-${String(day).padStart(2, '0')}T01:00:00Z`;
const messagesOf = (user: string): string =>
  join(server.storeDir, 'mail/example.com', user, 'INBOX/#msgs');
const archives = (): string[] =>
  readdirSync(server.backupDir).filter((name) => name.endsWith('.zip'));

function removeMail(user: string, count: number): void {
  for (const name of readdirSync(messagesOf(user)).slice(0, count)) {
    rmSync(join(messagesOf(user), name));
  }
}

describe('mail that is gone', () => {
  it('makes no alarm on a normal night, nor at the first backup ever', async () => {
    expect((await backUpAt(server, 'full', night(1))).report).toMatchObject({
      warnings: [],
      isMassLoss: false,
    });
    removeMail('alice', 9);
    removeMail('bob', 9);
    const { report, rotation } = await backUpAt(server, 'full', night(2));
    expect(report).toMatchObject({ warnings: [], isMassLoss: false });
    expect(rotation?.removedBytes).toBeGreaterThan(0);
    expect(archives()).toEqual(['F20260102T010000Z.zip']);
  });

  it('is an alarm where it is half of what a user had: nothing is removed in that run', async () => {
    await backUpAt(server, 'full', night(1));
    removeMail('alice', 10);
    const { report, rotation } = await backUpAt(server, 'full', night(2));
    expect(report.warnings).toEqual([
      'far less mail than before: example.com/alice has 10 messages, F20260101T010000Z.zip has 20; no archive is removed in this run',
    ]);
    expect([report.isMassLoss, rotation]).toEqual([true, undefined]);
    expect(archives()).toEqual([
      'F20260101T010000Z.zip',
      'F20260102T010000Z.zip',
    ]);
    expect((await backUpAt(server, 'full', night(3))).report.isMassLoss).toBe(
      false,
    );
  });

  it('is an alarm where it is a fifth of all, and where a whole user is gone', async () => {
    await backUpAt(server, 'full', night(1));
    for (const user of USERS) removeMail(user, 4);
    const fifth = await backUpAt(server, 'full', night(2));
    expect(fifth.report.warnings).toEqual([
      expect.stringMatching(/the whole store has 80 messages, F2.* has 100;/),
    ]);
    rmSync(join(server.storeDir, 'mail/example.com/erin'), { recursive: true });
    const user = await backUpAt(server, 'full', night(3));
    expect(user.report.warnings.join('\n')).toContain(
      'example.com/erin has 0 messages',
    );
  });

  it('is an alarm of a differential too, which then replaces nothing', async () => {
    await backUpAt(server, 'full', night(1));
    await backUpAt(server, 'differential', night(2));
    removeMail('carol', 15);
    const { report } = await backUpAt(server, 'differential', night(3));
    expect(report.warnings).toEqual([
      expect.stringContaining('example.com/carol has 5 messages, I20260102'),
    ]);
    expect(archives()).toEqual([
      'F20260101T010000Z.zip',
      'I20260102T010000Z.zip',
      'I20260103T010000Z.zip',
    ]);
  });

  it('is counted against the last archive that can tell, also one of the server itself', async () => {
    writeKerioArchive(server.backupDir, server, {
      letter: 'F',
      startedAt: new Date(night(1)),
    });
    await backUpAt(server, 'copy', night(2), {
      mask: parseMask('cfg'),
      rotates: false,
    });
    removeMail('dave', 12);
    const { report } = await backUpAt(server, 'copy', night(3));
    expect(report.warnings).toEqual([
      expect.stringContaining('example.com/dave has 8 messages, F20260101'),
    ]);
  });

  it('is no alarm below another limit, of the command line or of kms-backup.ini', async () => {
    await backUpAt(server, 'full', night(1), { rotates: false });
    removeMail('alice', 12);
    const args = [
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
      '--no-rotate',
    ];
    const told = await kmsJsonInProcess(args);
    expect(told.json).toMatchObject({
      isMassLoss: true,
      warnings: [expect.stringContaining('example.com/alice')],
    });
    for (const name of archives().slice(1)) {
      rmSync(join(server.backupDir, name));
    }

    expect(
      (await kmsJsonInProcess([...args, '--mass-loss-user', '80'])).json,
    ).toMatchObject({
      isMassLoss: false,
    });
    for (const name of archives().slice(1)) {
      rmSync(join(server.backupDir, name));
    }

    writeFileSync(
      join(server.serverDir, 'kms-backup.ini'),
      '[backup]\nmass-loss-user = 80%\nmass-loss-all = 10%\n',
    );
    expect((await kmsJsonInProcess(args)).json).toMatchObject({
      warnings: [expect.stringContaining('the whole store has 88')],
    });
  });

  it('is told in the text and in the notification', async () => {
    const smtp = await startSmtp();
    try {
      const config = join(server.serverDir, 'mailserver.cfg');
      const text = readFileSync(config, 'utf8');
      writeFileSync(
        config,
        text.replace('"AdminNotify">', '"AdminNotify">admin@example.com'),
      );
      writeFileSync(
        join(server.serverDir, 'kms-backup.ini'),
        `[smtp]\nhost = 127.0.0.1\nport = ${String(smtp.port)}\n`,
      );
      await backUpAt(server, 'full', night(1), { rule: 'never' });
      removeMail('alice', 20);
      await backUpAt(server, 'full', night(2));
      const plain = (smtp.mails[0]?.raw ?? '').replace(/=\r\n/g, '');
      expect(plain).toMatch(
        /Warnings:\r\n(.*\r\n)* +\* far less mail than before: example\.com\/alice has 0 messages/,
      );
    } finally {
      await smtp.close();
    }

    removeMail('bob', 20);
    const { status, stderr } = await kmsInProcess([
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
      '--notify',
      'never',
    ]);
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /far less mail than before: example\.com\/bob has 0 messages/,
    );
  });
});

describe('mail that was listed and did not get into the archive', () => {
  /** Does something to the store after it was listed and before its mail is read. */
  const afterListing = (
    act: (doneItems: number) => void,
  ): { onProgress: (p: { doneItems: number }) => void } => ({
    onProgress: ({ doneItems }) => {
      act(doneItems);
    },
  });

  it('because it vanished is counted, and in masses an alarm, every time', async () => {
    await backUpAt(server, 'full', night(1));
    const away = join(dir, 'away');
    for (const day of [2, 3]) {
      const vanish = afterListing(() => {
        for (const user of ['alice', 'bob']) {
          renameSync(messagesOf(user), `${away}-${user}`);
        }

        vanish.onProgress = () => undefined;
      });
      const { report, rotation } = await backUpAt(server, 'full', night(day), {
        onProgress: (progress) => {
          vanish.onProgress(progress);
        },
      });
      for (const user of ['alice', 'bob']) {
        renameSync(`${away}-${user}`, messagesOf(user));
      }

      expect(report).toMatchObject({
        issues: [],
        isMassLoss: true,
        packedMessages: 60,
      });
      expect(report.messages).toMatchObject({ total: 100, vanished: 40 });
      expect(report.warnings).toEqual([
        'far less mail than listed: of 100 messages of the whole store 60 could be read; no archive is removed in this run',
        expect.stringContaining(
          'of 20 messages of example.com/alice 0 could be read',
        ),
        expect.stringContaining(
          'of 20 messages of example.com/bob 0 could be read',
        ),
      ]);
      expect(rotation).toBeUndefined();
    }

    expect(archives()).toHaveLength(3);
    expect((await backUpAt(server, 'full', night(4))).report.isMassLoss).toBe(
      false,
    );
    // The sets before the losses stay until somebody acknowledges them.
    expect(archives()).toEqual([
      'F20260101T010000Z.zip',
      'F20260102T010000Z.zip',
      'F20260104T010000Z.zip',
    ]);
    await kmsInProcess([
      'status',
      '--acknowledge',
      '--server-dir',
      server.serverDir,
    ]);
    await backUpAt(server, 'full', night(5));
    expect(archives()).toEqual(['F20260105T010000Z.zip']);
  });

  it('is in the archive where it only moved meanwhile, and told of the mailbox that lost it', async () => {
    let isMoved = false;
    const { report } = await backUpAt(server, 'full', night(1), {
      onProgress: () => {
        if (isMoved) return;
        isMoved = true;
        mkdirSync(join(server.storeDir, 'mail/example.com/zoe/INBOX'), {
          recursive: true,
        });
        renameSync(
          messagesOf('alice'),
          join(server.storeDir, 'mail/example.com/zoe/INBOX/#msgs'),
        );
      },
    });
    expect(report).toMatchObject({
      packedMessages: 100,
      messages: { vanished: 20 },
    });
    expect(report.warnings).toEqual([
      expect.stringContaining(
        'of 20 messages of example.com/alice 0 could be read',
      ),
    ]);
  });

  it('is tried again where the server only replaced it', async () => {
    const path = join(
      server.storeDir,
      'mail/example.com/alice/INBOX/status.fld',
    );
    const seen: number[] = [];
    const { report } = await backUpAt(server, 'full', night(1), {
      onProgress: ({ doneItems }) => {
        if (seen.length === 0) rmSync(path);
        else if (doneItems > 2) writeFileSync(path, 'S\r\n');
        seen.push(doneItems);
      },
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(report.files).toBe(2 + USERS.length * (MESSAGES + 2));
    const other = buildInstallation(join(dir, 'other'));
    expectDone(
      await kmsInProcess([
        'recover',
        server.backupDir,
        '--server-dir',
        other.serverDir,
        '--yes',
      ]),
    );
    expect(
      compareTrees(server.storeDir, other.storeDir, {
        mtimeToleranceNs: undefined,
      }),
    ).toEqual([]);
  });

  it('is named with exit code 3 where a configuration file or a whole part was gone at the end', async () => {
    let isGone = false;
    const { report } = await backUpAt(server, 'full', night(1), {
      onProgress: () => {
        if (isGone) return;
        isGone = true;
        renameSync(
          join(server.storeDir, 'mail'),
          join(server.storeDir, '..', 'unmounted'),
        );
      },
    });
    expect(report.issues).toEqual([
      {
        kind: 'unreadable',
        name: '@backup/store/mail/',
        reason: 'it vanished during the run',
      },
    ]);
    expect(report.isMassLoss).toBe(true);
  });

  it.skipIf(!hasTool('setpriv'))(
    'because it cannot be read is named, and in masses an alarm (needs setpriv)',
    async () => {
      await backUpAt(server, 'full', '2020-01-01T01:00:00Z');
      for (const name of readdirSync(messagesOf('alice')).slice(0, 15)) {
        chmodSync(join(messagesOf('alice'), name), 0);
      }

      chmodSync(messagesOf('erin'), 0);
      const bounded = [
        '--bounding-set',
        '-dac_override,-dac_read_search',
        '--inh-caps',
        '-all',
        process.execPath,
        BINARY,
      ];
      const args = [
        'backup',
        'full',
        '--server-dir',
        server.serverDir,
        '--json',
      ];
      const ended = runTool('setpriv', [...bounded, ...args], {
        env: QUIET_ENVIRONMENT,
      });
      chmodSync(messagesOf('erin'), 0o700);
      expect(ended.status).toBe(3);
      const report = JSON.parse(ended.stdout) as {
        issues: { name: string }[];
        warnings: string[];
        rotation: unknown;
      };
      expect(report.issues).toHaveLength(16);
      expect(report.warnings.join('\n')).toContain(
        'of 20 messages of example.com/alice 5 could be read',
      );
      expect(report.warnings.join('\n')).toMatch(
        /the mail below .*erin\/INBOX\/#msgs\/ could not be listed/,
      );
      expect(report.rotation).toBeNull();
      expect(archives()).toHaveLength(2);
    },
  );
});
