import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMask } from '../../src/store/components.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import { canInject, kmsWithFaults } from '../helpers/faults.js';
import {
  buildInstallation,
  type Installation,
  smallStore,
} from '../helpers/installation.js';
import { backUpAt, rotateAt } from '../helpers/nights.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone } from '../helpers/tools.js';

let dir = '';
let server: Installation;
beforeEach(() => {
  dir = temporaryDirectory('rotate');
  const store = { ...smallStore(), lists: { 'staff.txt': 'alice\r\n' } };
  server = buildInstallation(join(dir, 'server'), { store, keep: 2 });
});
afterEach(() => {
  removeTemporary(dir);
});

/** 01:00 of a day of January, when backups are made here. */
const night = (day: number): string =>
  `2026-01-${String(day).padStart(2, '0')}T01:00:00Z`;
const nameOf = (letter: string, day: number): string =>
  `${letter}202601${String(day).padStart(2, '0')}T010000Z.zip`;
const names = (): string[] =>
  readdirSync(server.backupDir).filter(
    (name) => !name.startsWith('.kms-backup'),
  );
const archives = (): string[] =>
  names().filter((name) => name.endsWith('.zip'));
const addMail = (name: string): void => {
  writeFileSync(
    join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs', name),
    `Subject: ${name}\r\n\r\n${name}\r\n`,
  );
};

const verdictsOf = ({
  verdicts,
}: Awaited<ReturnType<typeof rotateAt>>): Record<string, string> =>
  Object.fromEntries(
    verdicts.map(({ archive, action, reason }) => [
      archive,
      `${action}: ${reason}`,
    ]),
  );
const recoverTo = async (name: string, from: string): Promise<Installation> => {
  const other = buildInstallation(join(dir, name));
  expectDone(
    await kmsInProcess([
      'recover',
      from,
      '--server-dir',
      other.serverDir,
      '--yes',
      '--no-keep-old',
      '--quiet',
    ]),
  );
  return other;
};

describe('rotation after backups', () => {
  it('keeps two fulls with the newest differential of each, and a copy beside them only while both fit', async () => {
    await backUpAt(server, 'full', night(1));
    await backUpAt(server, 'differential', night(2));
    await backUpAt(server, 'differential', night(3));
    await backUpAt(server, 'full', night(4));
    await backUpAt(server, 'differential', night(5));
    expect(archives()).toEqual([
      nameOf('F', 1),
      nameOf('F', 4),
      nameOf('I', 3),
      nameOf('I', 5),
    ]);
    const { rotation } = await backUpAt(server, 'copy', night(6));
    expect(archives()).toEqual([
      nameOf('C', 6),
      nameOf('F', 4),
      nameOf('I', 5),
    ]);
    expect(
      rotation?.verdicts
        .filter(({ action }) => action === 'remove')
        .map(({ archive }) => archive),
    ).toEqual([nameOf('F', 1), nameOf('I', 3)]);
    await backUpAt(server, 'copy', night(7));
    expect(archives()).toEqual([
      nameOf('C', 7),
      nameOf('F', 4),
      nameOf('I', 5),
    ]);
  });

  it('counts on nothing that was not read back', async () => {
    await backUpAt(server, 'full', night(1), { keep: 1 });
    const { rotation } = await backUpAt(server, 'full', night(2), {
      keep: 1,
      readsBack: false,
    });
    expect(rotation).toBeUndefined();
    await rotateAt(server.backupDir, night(3), { keep: 1 });
    expect(archives()).toEqual([nameOf('F', 1), nameOf('F', 2)]);
    expectDone(
      await kmsInProcess([
        'verify',
        server.backupDir,
        '--server-dir',
        server.serverDir,
      ]),
    );
    await rotateAt(server.backupDir, night(3), { keep: 1 });
    expect(archives()).toEqual([nameOf('F', 2)]);
  });
});

describe('a backup of some parts only', () => {
  const lists = { mask: parseMask('lists'), keep: 1 };

  it('pushes out no complete backup and no differential with mail, and is not what a directory recovers to', async () => {
    await backUpAt(server, 'full', night(1), { keep: 1 });
    addMail('00000003.eml');
    await backUpAt(server, 'differential', night(2), { keep: 1 });
    await backUpAt(server, 'differential', night(3), lists);
    await backUpAt(server, 'copy', night(4), lists);
    await backUpAt(server, 'full', night(5), lists);
    await backUpAt(server, 'full', night(6), lists);
    expect(archives()).toEqual([
      nameOf('F', 1),
      nameOf('F', 6),
      nameOf('I', 2),
      nameOf('I', 3),
    ]);
    const { json } = await kmsJsonInProcess([
      'list-archives',
      server.backupDir,
    ]);
    expect(json['newestPoint']).toBe('2026-01-02T01:00:00.000Z');
    expect(
      (json['archives'] as { parts: unknown }[]).map(({ parts }) => parts),
    ).toEqual([null, null, ['lists'], ['lists']]);
    const other = await recoverTo('other', server.backupDir);
    expect(compareTrees(server.storeDir, other.storeDir)).toEqual([]);
  });

  it('recovers to those parts alone, though its full has more', async () => {
    await backUpAt(server, 'full', night(1));
    writeFileSync(
      join(server.storeDir, 'lists', 'staff.txt'),
      'alice, bob\r\n',
    );
    await backUpAt(server, 'differential', night(2), lists);
    addMail('00000003.eml');
    const from = join(server.backupDir, nameOf('I', 2));
    writeFileSync(join(server.storeDir, 'lists', 'staff.txt'), 'nobody\r\n');
    const { status, json } = await kmsJsonInProcess([
      'recover',
      from,
      '--server-dir',
      server.serverDir,
      '--yes',
    ]);
    // Of its point in time the configuration is missing, and that is said.
    expect([status, json['replaces'], json['messages']]).toEqual([
      3,
      [join(server.storeDir, 'lists')],
      0,
    ]);
    expect(
      readFileSync(join(server.storeDir, 'lists', 'staff.txt'), 'utf8'),
    ).toBe('alice, bob\r\n');
    expect(
      readdirSync(join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs')),
    ).toContain('00000003.eml');
    expect(
      (
        await kmsInProcess([
          'recover',
          from,
          '-d',
          'example.com',
          '--server-dir',
          server.serverDir,
          '--yes',
        ])
      ).status,
    ).toBe(10);
  });

  it('is the base of differentials of the same parts, not of complete ones', async () => {
    await backUpAt(server, 'full', night(1));
    await backUpAt(server, 'full', night(2), lists);
    expect((await backUpAt(server, 'differential', night(3))).report.base).toBe(
      nameOf('F', 1).slice(0, -4),
    );
    expect(
      (await backUpAt(server, 'differential', night(4), lists)).report.base,
    ).toBe(nameOf('F', 2).slice(0, -4));
  });

  it('of everything that the server includes is a complete one', async () => {
    await backUpAt(server, 'full', night(1), { keep: 1 });
    const all =
      'cfg,settings,license,sslca,sslcert,spamassassin,lists,xmpp,im,other,mail';
    await backUpAt(server, 'full', night(2), { keep: 1, mask: parseMask(all) });
    expect(archives()).toEqual([nameOf('F', 2)]);
  });
});

describe('rotate', () => {
  it('prints a reason for each archive with --dry-run, and removes nothing', async () => {
    for (const day of [1, 2, 3]) {
      await backUpAt(server, 'full', night(day), { rotates: false });
    }

    const before = names();
    const flags = ['--server-dir', server.serverDir, '--dry-run'];
    const { status, stdout } = await kmsInProcess(['rotate', ...flags]);
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      `remove over the limit of 2 ${nameOf('F', 1)}`,
      `keep within the limit ${nameOf('F', 2)}`,
      `keep newest complete backup ${nameOf('F', 3)}`,
      expect.stringMatching(
        /^Would remove 1 archive, .* Nothing was changed\.$/,
      ),
      '',
    ]);
    expect((await kmsJsonInProcess(['rotate', ...flags])).json).toMatchObject({
      schema: 'kms-backup/rotate/1',
      isDryRun: true,
    });
    expect(names()).toEqual(before);
  });

  it('never touches what is no archive, nor what is only named like half of one', async () => {
    const foreign = [
      ...[
        'notes.txt',
        'F20260101T010000Z.zip.bak',
        'f20250101t010000z.zip',
        'F20250101T010000Z.rar',
        'X20250101T010000Z.zip',
      ],
      ...[
        'F20251341T010000Z.zip',
        'F20250101T010000Z.01.zip',
        'copy of F20250101T010000Z.zip',
        'F20250101T010000Z',
      ],
    ];
    for (const name of foreign) {
      writeFileSync(join(server.backupDir, name), 'precious');
    }

    mkdirSync(join(server.backupDir, 'F20250102T010000Z.zip'));
    mkdirSync(join(server.backupDir, '20041024T020000Z'));
    for (const day of [1, 2, 3]) {
      await backUpAt(server, 'full', night(day), { keep: 1 });
    }

    expect(names()).toEqual(
      [
        ...foreign,
        'F20250102T010000Z.zip',
        '20041024T020000Z',
        nameOf('F', 3),
      ].sort((a, b) => (a < b ? -1 : 1)),
    );
    for (const name of foreign) {
      expect(readFileSync(join(server.backupDir, name), 'utf8')).toBe(
        'precious',
      );
    }
  });

  it('lets archives that are damaged, unverified or dated in the future push out nothing', async () => {
    for (const day of [1, 2, 3]) {
      await backUpAt(server, 'full', night(day), { rotates: false });
    }

    truncateSync(join(server.backupDir, nameOf('F', 3)), 900);
    await backUpAt(server, 'full', night(4), {
      rotates: false,
      readsBack: false,
    });
    copyFileSync(
      join(server.backupDir, nameOf('F', 2)),
      join(server.backupDir, nameOf('C', 30)),
    );
    const verdicts = verdictsOf(
      await rotateAt(server.backupDir, night(5), { keep: 1 }),
    );
    expect(verdicts).toEqual({
      [nameOf('F', 1)]: 'remove: over the limit of 1',
      [nameOf('F', 2)]: 'keep: newest complete backup',
      [nameOf('F', 3)]: 'keep: not recoverable, so not counted',
      [nameOf('F', 4)]: 'keep: not verified, so not counted',
      [nameOf('C', 30)]: 'keep: dated in the future',
    });
    expect(archives()).toEqual([
      nameOf('C', 30),
      nameOf('F', 2),
      nameOf('F', 3),
      nameOf('F', 4),
    ]);
  });

  it('removes nothing when the listing lacks the archive that was just written, or everything', async () => {
    for (const day of [1, 2, 3]) {
      await backUpAt(server, 'full', night(day), { rotates: false });
    }

    await expect(
      rotateAt(server.backupDir, night(5), {
        keep: 1,
        expects: nameOf('F', 4),
      }),
    ).rejects.toThrow(/lacks F20260104T010000Z\.zip: nothing was removed/);
    expect(archives()).toHaveLength(3);
    const empty = join(dir, 'empty');
    mkdirSync(empty);
    expect((await rotateAt(empty, night(5), { keep: 1 })).verdicts).toEqual([]);
    await expect(
      rotateAt(join(dir, 'missing'), night(5), { keep: 1 }),
    ).rejects.toThrow();
  });
});

describe.skipIf(!canInject)('a removal that fails (needs strace)', () => {
  it('is reported, keeps the full of a differential that stays, and does not fail the backup', async () => {
    await backUpAt(server, 'full', night(1));
    await backUpAt(server, 'differential', night(2));
    const config = join(server.serverDir, 'mailserver.cfg');
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace(
        '"RotationLimit">2<',
        '"RotationLimit">1<',
      ),
    );
    const faults = {
      inject: ['unlink,unlinkat:error=EACCES'],
      paths: [join(server.backupDir, nameOf('I', 2))],
    };
    const backup = kmsWithFaults(
      ['backup', 'copy', '--server-dir', server.serverDir],
      faults,
    );
    expect(backup.status, backup.stderr).toBe(0);
    expect(backup.stderr).toContain(
      `rotation could not remove ${nameOf('I', 2)}: EACCES`,
    );
    expect(backup.stderr).toContain(
      `rotation could not remove ${nameOf('F', 1)}: ${nameOf('I', 2)}, which needs it`,
    );
    expect(archives()).toEqual(
      expect.arrayContaining([nameOf('F', 1), nameOf('I', 2)]),
    );

    const args = ['rotate', '--server-dir', server.serverDir];
    const rotate = kmsWithFaults(args, faults);
    expect(rotate.status).toBe(3);
    expect(rotate.stdout).toMatch(/FAILED +its full goes: EACCES +I20260102/);
    expect((await kmsInProcess(args)).status).toBe(0);
    expect(archives()).toEqual([expect.stringMatching(/^C/)]);
  });
});
