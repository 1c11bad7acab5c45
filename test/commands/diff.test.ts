import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canInject, kmsWithFaults } from '../helpers/faults.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
  smallStore,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { backUpAt, type NightOptions } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

/** `kms-backup diff`: what happened to the mail between two nights, or since one. */

const ALICE = 'example.com/alice';
const INBOX = `${ALICE}/INBOX/#msgs`;

let dir = '';
let server: Installation;
beforeEach(() => {
  dir = temporaryDirectory('diff');
  server = buildInstallation(join(dir, 'server'), {
    store: smallStore(),
    beside: { sslcert: { 'server.crt': 'certificate' } },
  });
});
afterEach(() => {
  removeTemporary(dir);
});

const at = (name: string): string => join(server.storeDir, 'mail', name);

function put(name: string, content: string): void {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
}

async function night(
  type: 'full' | 'differential',
  day: number,
  options: NightOptions = {},
): Promise<string> {
  const { report } = await backUpAt(
    server,
    type,
    `2026-01-0${String(day)}T01:00:00Z`,
    { rotates: false, ...options },
  );

  return join(options.storage?.name ?? server.backupDir, report.archive);
}

interface DiffDocument {
  readonly totals: Record<string, number>;
  readonly scope: unknown;
  readonly mailboxes: readonly {
    readonly mailbox: string;
    readonly folders: readonly Record<string, unknown>[];
  }[];
  readonly messages: readonly Record<string, unknown>[];
  readonly parts: readonly Record<string, unknown>[];
  readonly notCompared: readonly { name: string; reason: string }[];
  readonly warnings: readonly string[];
  readonly exitCode: number;
}

async function diff(...args: readonly string[]): Promise<DiffDocument> {
  const { json } = await kmsJsonInProcess([
    'diff',
    ...args,
    '--server-dir',
    server.serverDir,
  ]);

  return json as unknown as DiffDocument;
}

/** `moved example.com/alice/A/00000001 from …` */
function linesOf({ messages }: DiffDocument): string[] {
  return messages.map(({ change, name, nameBefore }) =>
    [change, name, ...(nameBefore === null ? [] : ['from', nameBefore])].join(
      ' ',
    ),
  );
}

/** One message of each kind. */
function changeMail(): void {
  put(`${INBOX}/00000003.eml`, message('three'));
  put(`${INBOX}/00000001.eml`, message('one, edited'));
  put(`${ALICE}/Entw&APw-rfe/#msgs/00000007.eml`, message('draft'));
}

const CHANGES = [
  `new ${ALICE}/Entwürfe/00000007`,
  `new ${ALICE}/INBOX/00000003`,
  `changed ${ALICE}/INBOX/00000001`,
  `deleted ${ALICE}/INBOX/00000002`,
];

describe('between two nights', () => {
  it('every message that is not the same is named, by user and folder', async () => {
    const full = await night('full', 1);
    changeMail();
    rmSync(at(`${INBOX}/00000002.eml`));
    const differential = await night('differential', 2);
    const found = await diff(full, differential);

    expect(linesOf(found)).toEqual(CHANGES);
    expect(found.totals).toMatchObject({
      new: 2,
      changed: 1,
      deleted: 1,
      moved: 0,
      same: 0,
      newBytes: message('three').length + message('draft').length,
      deletedBytes: message('two').length,
    });

    expect(found.mailboxes).toMatchObject([
      {
        mailbox: ALICE,
        new: 2,
        folders: [
          { folder: 'Entwürfe', new: 1, bytes: message('draft').length },
          { folder: 'INBOX', new: 1, changed: 1, deleted: 1 },
        ],
      },
    ]);

    expect(found).toMatchObject({ exitCode: 0, warnings: [], scope: null });
  });

  it('a directory means its newest point, and may be another one', async () => {
    const full = await night('full', 1);
    changeMail();
    await night('differential', 2);
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    for (const name of readdirSync(server.backupDir)) {
      if (name.endsWith('.zip')) {
        copyFileSync(join(server.backupDir, name), join(elsewhere, name));
      }
    }

    expect(linesOf(await diff(full, elsewhere))).toEqual(CHANGES.slice(0, 3));
    expect(linesOf(await diff(server.backupDir, elsewhere))).toEqual([]);
  });

  it('an archive that is compared with itself or an older one says so', async () => {
    const full = await night('full', 1);
    changeMail();
    const differential = await night('differential', 2);

    expect((await diff(full, full)).warnings).toEqual([
      'F20260101T010000Z.zip is compared with itself',
    ]);

    const backwards = await diff(differential, full);
    expect(backwards.warnings[0]).toMatch(
      /^I20260102T010000Z\.zip is newer than F20260101T010000Z\.zip: what is called new was there before/,
    );
    expect(linesOf(backwards)).toContain(`deleted ${ALICE}/INBOX/00000003`);
  });

  it('parts that an archive leaves out are not deleted', async () => {
    const full = await night('full', 1);
    changeMail();
    const mail = await night('full', 2, { mask: new Set(['mail'] as const) });
    const found = await diff(full, mail);

    expect(linesOf(found)).toHaveLength(3);
    expect(found.parts).toEqual([]);
    expect(found.warnings).toEqual([
      'F20260102T010000Z.zip holds only mail: nothing else is compared',
    ]);
  });

  it("a differential of the server's own does not tell what was deleted, and says so", async () => {
    const [full = ''] = writeKerioArchive(server.backupDir, server, {
      letter: 'F',
      startedAt: new Date('2026-01-01T01:00:00Z'),
    });
    rmSync(at(`${INBOX}/00000002.eml`));
    put(`${INBOX}/00000003.eml`, message('three'));
    const [differential = ''] = writeKerioArchive(server.backupDir, server, {
      letter: 'I',
      startedAt: new Date('2026-01-02T01:00:00Z'),
      changedSince: new Date('2026-01-01T01:00:00Z'),
    });
    const found = await diff(full, differential);

    expect(linesOf(found)).toEqual([`new ${ALICE}/INBOX/00000003`]);
    expect(found.warnings).toEqual([
      'the server wrote I20260102T010000Z.zip, which does not say what was deleted since its full: that counts as there',
    ]);
  });

  it('backups of two machines are compared with a word about it', async () => {
    const [full = ''] = writeKerioArchive(server.backupDir, server, {
      letter: 'F',
      startedAt: new Date('2026-01-01T01:00:00Z'),
    });
    const { warnings } = await diff(full, await night('full', 2));

    expect(warnings).toEqual([
      expect.stringMatching(/^these are backups of two machines: /),
    ]);
  });

  it('a volume that is missing ends it, unless the mail that is asked for lies in the others', async () => {
    for (const number of [1, 2, 3]) {
      const name = `example.org/bob/INBOX/#msgs/0000000${String(number)}.eml`;
      put(name, randomBytes(70_000).toString('base64'));
    }

    const full = await night('full', 1, {
      volumeLimitBytes: 100_000,
    });
    rmSync(full.replace(/zip$/, '1.zip'));
    rmSync(at(`${INBOX}/00000002.eml`));
    const of = async (...words: readonly string[]) =>
      kmsInProcess(['diff', full, ...words, '--server-dir', server.serverDir]);

    const all = await of();
    expect(all.stderr).toContain('Code: DAMAGED_ARCHIVE');
    expect(all.status).toBe(4);

    const alice = await of('-u', 'alice');
    expect(alice.stderr).toContain('lies in its other volumes');
    expect(alice.stdout).toContain('1 deleted');
    expect(alice.status).toBe(0);
  });
});

describe('since a night', () => {
  it('the store that was backed up has no difference', async () => {
    await night('full', 1);
    const found = await diff(server.backupDir);

    expect(found).toMatchObject({ mailboxes: [], messages: [], parts: [] });
    expect(found.totals['same']).toBe(2);
  });

  it('a message that lies in another folder was moved, and one of its size was not', async () => {
    await night('full', 1);
    put(`${ALICE}/Archive/#msgs/00000001.eml`, message('owt'));
    put(`${ALICE}/Archive/#msgs/00000002.eml`, message('two'));
    rmSync(at(`${INBOX}/00000002.eml`));
    const found = await diff(server.backupDir);

    expect(linesOf(found)).toEqual([
      `new ${ALICE}/Archive/00000001`,
      `moved ${ALICE}/Archive/00000002 from ${ALICE}/INBOX/00000002`,
    ]);

    expect(found.mailboxes[0]?.folders).toMatchObject([
      { folder: 'Archive', movedIn: 1, wasThere: false, isThere: true },
      { folder: 'INBOX', movedOut: 1, wasThere: true, isThere: true },
    ]);
  });

  it('a message that lies in the mailbox of somebody else was not moved', async () => {
    await night('full', 1);
    put('example.com/bob/INBOX/#msgs/00000001.eml', message('two'));
    rmSync(at(`${INBOX}/00000002.eml`));

    expect(linesOf(await diff(server.backupDir))).toEqual([
      `deleted ${ALICE}/INBOX/00000002`,
      'new example.com/bob/INBOX/00000001',
    ]);
  });

  it('another time alone is no difference, other content of the same size is one', async () => {
    await night('full', 1);
    utimesSync(at(`${INBOX}/00000001.eml`), 5, 5);
    put(`${INBOX}/00000002.eml`, message('owt'));

    expect(linesOf(await diff(server.backupDir))).toEqual([
      `changed ${ALICE}/INBOX/00000002`,
    ]);
  });

  it('one user, one folder of hers, also where only the store has it', async () => {
    await night('full', 1);
    changeMail();
    put('example.com/bob/INBOX/#msgs/00000001.eml', message('for bob'));
    put(`${ALICE}/Later/#msgs/00000001.eml`, message('later'));
    writeFileSync(join(server.serverDir, 'users.cfg'), '');

    const alice = await diff(server.backupDir, '-u', 'alice@example.com');
    expect(linesOf(alice)).toHaveLength(4);
    expect(alice.parts).toEqual([]);

    const later = await diff(server.backupDir, '-u', 'alice', '-f', 'later');
    expect(linesOf(later)).toEqual([`new ${ALICE}/Later/00000001`]);
    expect(later.scope).toEqual({
      domain: 'example.com',
      user: 'alice',
      folder: 'Later',
    });

    const bob = await diff(server.backupDir, '-u', 'bob');
    expect(linesOf(bob)).toEqual(['new example.com/bob/INBOX/00000001']);
  });

  it('the mail may lie on another disk behind a link', async () => {
    await night('full', 1);
    put('example.com/bob/INBOX/#msgs/00000001.eml', message('for bob'));
    renameSync(at(''), join(dir, 'disk'));
    symlinkSync(join(dir, 'disk'), at('').replace(/\/$/, ''));
    const found = await diff(server.backupDir, '-u', 'bob', '-f', 'inbox');

    expect(linesOf(found)).toEqual(['new example.com/bob/INBOX/00000001']);
    expect(found.exitCode).toBe(0);
  });

  it('a user that neither has is not found', async () => {
    await night('full', 1);
    const { status, stderr } = await kmsInProcess([
      'diff',
      server.backupDir,
      '-u',
      'alise',
      '--server-dir',
      server.serverDir,
    ]);

    expect(stderr).toContain('Did you mean alice?');
    expect(status).toBe(10);
  });

  it('configuration and other parts are a line each', async () => {
    mkdirSync(join(server.storeDir, 'lists'));
    writeFileSync(join(server.storeDir, 'lists', 'team.txt'), 'alice');
    await night('full', 1);
    writeFileSync(join(server.serverDir, 'users.cfg'), '');
    writeFileSync(join(server.serverDir, 'sslcert', 'server.crt'), 'renewed');
    writeFileSync(join(server.storeDir, 'lists', 'more.txt'), 'bob');
    rmSync(join(server.storeDir, 'lists', 'team.txt'));
    put(`${ALICE}/INBOX/index.fld`, 'U1\r\n');
    const { stdout } = await kmsInProcess([
      'diff',
      server.backupDir,
      '--server-dir',
      server.serverDir,
    ]);

    expect(stdout).toContain('Other     users.cfg changed\n');
    expect(stdout).toContain('Other     sslcert: 1 changed\n');
    expect(stdout).toContain('Other     lists: 1 new, 1 deleted\n');
    expect(stdout).toContain(
      'Other     files of folders (index.fld, …): 1 changed',
    );
  });

  it('--verbose lists dates, senders and subjects, of deleted messages too', async () => {
    await night('full', 1);
    changeMail();
    rmSync(at(`${INBOX}/00000002.eml`));
    const { stdout, status } = await kmsInProcess([
      'diff',
      server.backupDir,
      '--verbose',
      '--server-dir',
      server.serverDir,
    ]);

    expect(stdout).toMatch(
      /^deleted {2}2026-11-22 \d\d:00 {2}Bob <bob@example\.com> {2}two {2,}\d+ B {2}example\.com\/alice\/INBOX\/00000002$/m,
    );
    expect(stdout).toMatch(/^changed .* one, edited /m);
    expect(status).toBe(0);
  });

  it('a link is not followed: it is named, and what it hides is not deleted', async () => {
    await night('full', 1);
    renameSync(at(`${ALICE}/INBOX`), join(dir, 'inbox'));
    symlinkSync(join(dir, 'inbox'), at(`${ALICE}/INBOX`));
    const found = await diff(server.backupDir);

    expect(linesOf(found)).toEqual([]);
    expect(found).toMatchObject({
      exitCode: 3,
      notCompared: [
        {
          name: `@backup/store/mail/${ALICE}/INBOX`,
          reason: 'symbolic link, not followed',
        },
      ],
    });
  });

  it('a damaged newest archive is passed over with a word', async () => {
    await night('full', 1);
    changeMail();
    const newest = await night('full', 2);
    truncateSync(newest, 1000);
    const found = await diff(server.backupDir);

    expect(linesOf(found)).toHaveLength(3);
    expect(found.warnings).toEqual([
      expect.stringMatching(/^F20260102T010000Z\.zip is newer, but /),
    ]);
  });

  describe.skipIf(!canInject)('the system refuses', () => {
    const withFault = (inject: string, path: string): DiffDocument =>
      JSON.parse(
        kmsWithFaults(
          [
            'diff',
            server.backupDir,
            '--server-dir',
            server.serverDir,
            '--json',
          ],
          { inject: [inject], paths: [at(path)] },
        ).stdout,
      ) as DiffDocument;

    it('to list a folder: what is in it is not deleted', async () => {
      await night('full', 1);
      const found = withFault('getdents64:error=EACCES', INBOX);

      expect(found).toMatchObject({
        exitCode: 3,
        messages: [],
        notCompared: [
          {
            name: `@backup/store/mail/${INBOX}/`,
            reason: 'cannot be listed: EACCES',
          },
        ],
      });
    });

    it('to find a message that was just listed: it is gone', async () => {
      await night('full', 1);
      const found = withFault(
        'statx,lstat,newfstatat:error=ENOENT',
        `${INBOX}/00000001.eml`,
      );

      expect(linesOf(found)).toEqual([`deleted ${ALICE}/INBOX/00000001`]);
      expect(found.exitCode).toBe(0);
    });

    it('to read a message whose content decides: it is named, and counts as changed', async () => {
      await night('full', 1);
      utimesSync(at(`${INBOX}/00000001.eml`), 5, 5);
      const found = withFault('openat:error=EIO', `${INBOX}/00000001.eml`);

      expect(linesOf(found)).toEqual([`changed ${ALICE}/INBOX/00000001`]);
      expect(found).toMatchObject({
        exitCode: 3,
        notCompared: [{ reason: 'cannot be read: EIO' }],
      });
    });
  });
});
