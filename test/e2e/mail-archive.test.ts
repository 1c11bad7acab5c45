import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import {
  buildTree,
  compareTrees,
  OWN_RECORDS,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  type Ended,
  expectDone,
  expectEnd,
  type Json,
  runTool,
  said,
} from '../helpers/tools.js';

/** As the server archives: folders of months, with messages as mailboxes have them. */
const ARCHIVED: Tree = {
  '2026-Oct': {
    '#msgs': { '00000001.eml': message('old'), '00000002.eml': message('two') },
    'status.fld': 'S',
  },
  '2026-Nov': { '#msgs': {}, 'status.fld': 'S' },
};
const MAILBOX_MESSAGES = 2;

let dir = '';
let server: Installation;
let archiveDir = '';
/** A directory on another file system than the temporary one, where there is one. */
let otherDisk = '';

beforeEach(() => {
  dir = temporaryDirectory('archive');
  otherDisk = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : dir, 'kms-archive-'),
  );
});
afterEach(() => {
  removeTemporary(dir);
  rmSync(otherDisk, { recursive: true, force: true });
});

/** @param named ArchiveDir as mailserver.cfg has it; @param real where that leads */
function build(named: string, real = named): void {
  archiveDir = real;
  server = buildInstallation(join(dir, 'server'), { archiveDir: named });
  buildTree(archiveDir, ARCHIVED);
}

const kms = (...args: string[]): Promise<Ended> =>
  kmsInProcess([...args, '--server-dir', server.serverDir]);
const kmsJson = (...args: string[]): ReturnType<typeof kmsJsonInProcess> =>
  kmsJsonInProcess([...args, '--server-dir', server.serverDir]);
const backUp = (type: 'full' | 'diff', ...flags: string[]): Promise<Ended> =>
  kms('backup', type, '--include-archive', '--no-rotate', ...flags);
const recover = (...flags: string[]): Promise<Ended> =>
  kms('recover', server.backupDir, '--yes', ...flags);

/** The names in the newest archive, of files and directories. */
function namesInNewest(directory = server.backupDir): string[] {
  const names = readdirSync(directory).filter((name) =>
    /^[FIDC].*\.zip$/.test(name),
  );
  const newest = names
    .sort((x, y) => (x.slice(1) < y.slice(1) ? -1 : 1))
    .at(-1);
  const { stdout } = runTool('unzip', ['-Z1', join(directory, newest ?? '')]);

  return stdout.trim().split('\n');
}

const ARCHIVE_ENTRY = '@backup/store/archive/';
const archived = (): string[] =>
  namesInNewest().filter((name) => name.startsWith(ARCHIVE_ENTRY));

function copy(from: string, to: string): void {
  expectDone(runTool('cp', ['-a', from, to]));
}

function change(): void {
  const months = join(archiveDir, '2026-Oct');
  rmSync(join(months, '#msgs/00000001.eml'));
  writeFileSync(join(archiveDir, '2026-Nov/#msgs/00000003.eml'), 'new');
  appendFileSync(join(months, 'status.fld'), 'changed');
  rmSync(join(server.storeDir, 'mail/example.com/alice/INBOX/index.fld'));
}

const isOwn = (path: string): boolean =>
  /\.kms-backup|^backups\//.test(path) || OWN_RECORDS.test(path);

const PLACES: readonly [string, () => void][] = [
  [
    'in the store',
    () => {
      build(`${join(dir, 'server/store/archive')}/`);
    },
  ],
  [
    'in the store by another name',
    () => {
      build(join(dir, 'server/store/kept'));
    },
  ],
  [
    'on another disk',
    () => {
      build(`${otherDisk}/archive`);
    },
  ],
  [
    'behind a link in the store',
    () => {
      build(join(dir, 'server/store/archive'), join(otherDisk, 'mail'));
      symlinkSync(archiveDir, join(server.storeDir, 'archive'));
    },
  ],
  [
    'below the install directory',
    () => {
      build('kept/archive', join(dir, 'server/kept/archive'));
    },
  ],
];

describe.each(PLACES)('the mail archive %s', (_where, make) => {
  beforeEach(make);

  it('is packed once, compared, recovered to its place with everything, and rolled back', async () => {
    const full = await kmsJson('backup', 'full', '--include-archive');
    expect(full).toMatchObject({
      status: 0,
      json: {
        messages: { total: MAILBOX_MESSAGES },
        mailArchive: { files: 4 },
        issues: [],
      },
    });
    expect(archived().filter((name) => name.endsWith('.eml'))).toHaveLength(2);
    expect(namesInNewest().filter((name) => name.includes('kept/'))).toEqual(
      [],
    );

    change();
    const differential = await kmsJson('backup', 'diff', '--include-archive');
    expect(differential).toMatchObject({
      status: 0,
      json: { messages: { total: MAILBOX_MESSAGES, deleted: 0 }, issues: [] },
    });
    expect(archived().filter((name) => !name.endsWith('/'))).toEqual([
      `${ARCHIVE_ENTRY}2026-Nov/#msgs/00000003.eml`,
      `${ARCHIVE_ENTRY}2026-Oct/status.fld`,
    ]);

    const [before, there] = [join(dir, 'before'), join(dir, 'there')];
    copy(server.serverDir, before);
    copy(archiveDir, there);

    rmSync(join(archiveDir, '2026-Oct'), { recursive: true });
    writeFileSync(join(archiveDir, '2026-Nov/#msgs/00000009.eml'), 'later');
    const lost = join(dir, 'lost');
    copy(archiveDir, lost);

    expectDone(await recover('--keep-old'));
    expect(compareTrees(there, archiveDir, { ignore: isOwn })).toEqual([]);
    expect(
      compareTrees(before, server.serverDir, {
        ignore: isOwn,
        directoryTimes: false,
      }),
    ).toEqual([]);

    expectDone(await kms('recover', '--rollback', '--yes'));
    expect(compareTrees(lost, archiveDir, { ignore: isOwn })).toEqual([]);
    expect(readdirSync(otherDisk)).not.toContain('.kms-backup-recover');

    expectDone(await recover('--mask', 'archive', '--no-keep-old'));
    expect(compareTrees(there, archiveDir, { ignore: isOwn })).toEqual([]);
  });
});

const ENTRY = '@backup/store/archive';
const issuesOf = ({ json }: { json: Json }): string[] =>
  (json['issues'] as Json[]).map(
    ({ name, reason }) => `${String(name)}: ${String(reason)}`,
  );

describe('a backup', () => {
  it('takes the mail archive only where a flag, the ini or the mask says so, and says so itself', async () => {
    build(`${otherDisk}/archive`);
    expectDone(await kms('backup', 'full'));
    expect(archived()).toEqual([]);
    const list = async (): Promise<string> => said(await kms('list-archives'));
    expect(await list()).not.toContain('mail archive');

    const mask = await kms('backup', 'copy', '--mask', 'mail,archive');
    expect(said(mask)).toContain(
      `4 files of the mail archive in ${archiveDir}`,
    );
    expect(archived()).not.toEqual([]);

    writeFileSync(
      join(server.serverDir, 'kms-backup.ini'),
      '[backup]\ninclude-archive = yes\n',
    );
    expectDone(await kms('backup', 'copy'));
    expect(archived()).not.toEqual([]);
    expect(await list()).toContain('copy (with mail archive)');
    expectDone(await kms('backup', 'copy', '--no-include-archive'));
    expect(archived()).toEqual([]);
    expectEnd(await backUp('full', '--mask', 'mail'), 2, 'USAGE');
  });

  it.each([
    [
      'is not there',
      () => {
        rmSync(archiveDir, { recursive: true });
      },
    ],
    [
      'is empty: its disk may not be mounted',
      () => {
        rmSync(archiveDir, { recursive: true });
        mkdirSync(archiveDir);
      },
    ],
    [
      'is a link that leads nowhere',
      () => {
        rmSync(archiveDir, { recursive: true });
        symlinkSync(join(dir, 'nowhere'), archiveDir);
      },
    ],
  ])(
    'says that it %s, ends with 3, and what the full has of it stays',
    async (reason, lose) => {
      build(`${otherDisk}/archive`);
      expectDone(await backUp('full'));
      const there = join(dir, 'there');
      copy(archiveDir, there);
      lose();

      const differential = await kmsJson('backup', 'diff', '--include-archive');
      expect(differential.status).toBe(3);
      expect(issuesOf(differential)).toEqual([
        `${ENTRY}: the mail archive ${archiveDir} ${reason}`,
      ]);
      rmSync(archiveDir, { recursive: true, force: true });
      const back = await recover('--no-keep-old');
      expectDone(back);
      expect(said(back)).toMatch(
        /was made without the mail archive: that comes as F\w+\.zip has it/,
      );
      expect(compareTrees(there, archiveDir)).toEqual([]);
    },
  );

  it('packs neither backups nor itself where these lie below the mail archive', async () => {
    archiveDir = join(otherDisk, 'archive');
    const backupDir = join(archiveDir, 'backups');
    server = buildInstallation(join(dir, 'server'), { archiveDir, backupDir });
    buildTree(archiveDir, ARCHIVED);
    mkdirSync(backupDir);
    expectDone(await backUp('full'));
    expectDone(await backUp('full'));
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    expectDone(await backUp('full', '--backup-dir', elsewhere));
    for (const where of [backupDir, elsewhere]) {
      const names = namesInNewest(where).join(' ');
      expect(names).toContain('archive/2026-Oct');
      expect(names).not.toContain('backups');
    }

    const back = await kms('recover', elsewhere, '--yes');
    expectDone(back);
    const inStore = join(server.storeDir, 'archive');
    expect(said(back)).toContain(
      `the mail archive goes to ${inStore}: ${archiveDir}, which mailserver.cfg names for it, holds ${backupDir}`,
    );
    expect(readdirSync(inStore).sort()).toEqual(['2026-Nov', '2026-Oct']);
    expect(readdirSync(backupDir)).not.toEqual([]);
    expect(
      readFileSync(join(server.serverDir, 'mailserver.cfg'), 'utf8'),
    ).toContain(`>${inStore}<`);
  });

  it('packs no archives of a second place or a target, and says so', async () => {
    build(`${otherDisk}/archive`);
    const places = [
      join(archiveDir, 'second'),
      join(archiveDir, '2026-Oct/offsite'),
      join(server.storeDir, 'copies'),
    ];
    for (const place of [...places, join(dir, 'elsewhere')]) mkdirSync(place);
    for (const place of places) writeFileSync(join(place, 'F1.zip'), 'packed');
    const [mirror = '', target = '', other = ''] = places;
    const ini = [
      ...['[mirror]', `to = ${mirror}`],
      ...['[target.offsite]', `directory = ${target}`],
      ...['[target.other]', `directory = ${other}`],
      ...['[target.elsewhere]', `directory = ${join(dir, 'elsewhere')}`],
    ];
    writeFileSync(join(server.serverDir, 'kms-backup.ini'), ini.join('\n'));

    const full = await backUp('full');
    expectDone(full);
    for (const place of places) {
      expect(full.stdout).toContain(`Kept out   ${place}: archives lie there`);
    }

    expect(full.stdout).not.toContain('Kept out   ' + join(dir, 'elsewhere'));
    const names = namesInNewest().join(' ');
    expect(names).toContain('archive/2026-Oct');
    expect(names).not.toMatch(/F1\.zip|second|offsite|copies/);

    const back = await recover('--mask', 'archive');
    expectDone(back);
    expect(said(back)).toContain(`names for it, holds ${mirror}`);
    for (const place of places) expect(readdirSync(place)).toContain('F1.zip');
  });

  it('may go to a directory of its own in the store, night after night', async () => {
    server = buildInstallation(join(dir, 'server'), {
      backupDir: join(dir, 'server/store/nights'),
    });
    expectDone(await kms('backup', 'full'));
    expectDone(await kms('backup', 'full'));
    expect(namesInNewest().join(' ')).not.toContain('nights');
  });

  it('warns where archives lie among the mail, and takes no archived mail that they lie among', async () => {
    build(`${otherDisk}/archive`);
    const ini = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(ini, `[target.a]\ndirectory = ${server.storeDir}/mail\n`);
    const mixed = await kmsJson('backup', 'full');
    expect(mixed.status).toBe(0);
    expect(mixed.json['warnings']).toContain(
      `archives go to ${server.storeDir}/mail too, and are packed with mail: give them a directory of their own`,
    );

    writeFileSync(ini, `[target.a]\ndirectory = ${archiveDir}\n`);
    const full = await kmsJson('backup', 'full', '--include-archive');
    expect(full.status).toBe(3);
    expect(issuesOf(full)).toEqual([
      `${ENTRY}: archives go to the mail archive ${archiveDir} too: give them a directory of their own`,
    ]);
  });

  it('of changes says every night what it costs that its full has no mail archive', async () => {
    build(`${otherDisk}/archive`);
    expectDone(await kms('backup', 'full'));
    const night = await backUp('diff');
    expectDone(night);
    expect(night.stderr).toMatch(
      /F\w+\.zip was made without the mail archive: each differential to it packs all 4 files of that, until a full is made \(backup full\)/,
    );
    expectDone(await backUp('full'));
    expect(said(await backUp('diff'))).not.toContain('packs all');
  });

  it.each([
    [
      'mail/example.com/archived',
      /lies in .*mail, and is backed up with mail$/,
    ],
    ['../store', /holds .*store, which is no part of it$/],
    ['../backups/archive', /lies in the backup directory$/],
  ])('takes it as no part of its own in %s', async (path, reason) => {
    build(join(dir, 'server/store', path));
    const full = await kmsJson('backup', 'full', '--include-archive');
    expect(full.status).toBe(3);
    expect(issuesOf(full)).toEqual([expect.stringMatching(reason)]);
    expect(archived()).toEqual([]);
    const eml = namesInNewest().filter((name) => name.endsWith('.eml'));
    expect(new Set(eml).size).toBe(eml.length);
  });

  it('of it is verified, and drilled beside the live one', async () => {
    build(`${otherDisk}/archive`);
    expectDone(await backUp('full'));
    expectDone(await kms('verify', server.backupDir));
    const drill = await kmsJson(
      'drill',
      server.backupDir,
      '--full',
      '--to',
      dir,
    );
    expect(drill).toMatchObject({
      status: 0,
      json: { faults: [], liveChanged: 0 },
    });
    expect(said(await recover('--listing'))).toContain('archive');
  });

  it('is made by schedule run --include-archive', async () => {
    build(`${otherDisk}/archive`);
    expectDone(await kms('schedule', 'reset'));
    expectDone(
      await kms('schedule', 'run', '--include-archive', '--even-if-disabled'),
    );
    expect(archived()).not.toEqual([]);
  });
});

/** What status, page, metrics and doctor say of it. */
async function told(): Promise<Readonly<Record<string, string>>> {
  const [page, metrics] = ['page.html', 'm.prom'].map((name) =>
    join(dir, name),
  );
  const status = await kms(
    ...['status', '--html', page ?? '', '--prometheus', metrics ?? ''],
  );
  const doctor = await kms('doctor');
  const html = readFileSync(page ?? '', 'utf8');

  return {
    status: status.stdout.replaceAll(/\s+/g, ' '),
    card: /<dt>Mail archive<\/dt>.*?<\/dd>/.exec(html)?.[0] ?? '',
    html,
    metrics: readFileSync(metrics ?? '', 'utf8'),
    doctor: doctor.stdout.replaceAll(/\s+/g, ' '),
  };
}

describe('who looks at the backups', () => {
  it('is told whether the newest holds the mail archive, and why it does not', async () => {
    build(`${otherDisk}/archive`);
    const ini = join(server.serverDir, 'kms-backup.ini');
    expectDone(await kms('backup', 'full'));
    const before = await told();
    expect(before['status']).not.toContain('ail archive');
    expect(before['card']).toBe('');
    expect(before['metrics']).not.toContain('mail_archive');
    expect(before['doctor']).toContain(`${archiveDir} is not asked for`);

    const asking = '[backup]\ninclude-archive = yes\n';
    writeFileSync(ini, asking);
    expect((await told())['status']).toMatch(
      /Warning the mail archive is not in the newest backup, F\w+\.zip; no archive holds it/,
    );

    const asked = (await told())['doctor'];
    expect(asked).toMatch(
      /free; the mail archive, in no full backup yet, takes about [1-9][\d.]* \w*B/,
    );

    expectDone(await kms('backup', 'full', '--no-rotate'));
    const taken = await told();
    expect(taken['doctor']).not.toContain('in no full backup yet');
    expect(taken['status']).toMatch(
      /Mail archive in the newest backup, F\w+\.zip/,
    );
    expect(taken['status']).not.toContain('the mail archive');
    expect(taken['card']).toMatch(/>backed up<small>in the newest/);
    expect(taken['metrics']).toMatch(/mail_archive_timestamp_seconds \d{10}\n/);
    const bytes = `${message('old')}${message('two')}SS`.length;
    expect(taken['doctor']).toContain(
      `${archiveDir} can be read, outside of the store: 4 files, ${String(bytes)} B`,
    );

    rmSync(archiveDir, { recursive: true });
    mkdirSync(archiveDir);
    expect((await kms('backup', 'diff')).status).toBe(3);
    const reason = `the mail archive ${archiveDir} is empty: its disk may not be mounted`;
    const lost = await told();
    const last = /; it was last in F\w+\.zip, \w{3} \d{4}-\d\d-\d\d/;
    expect(lost['status']).toMatch(last);
    expect(lost['status']).toMatch(
      RegExp(
        `the mail archive is not in the newest backup, I\\w+\\.zip: ${reason}`,
      ),
    );
    expect(lost['card']).toContain('>not backed up<small>');
    expect(lost['html']).toContain(reason);
    expect(lost['doctor']).toContain(reason);
    const { json } = await kmsJson('status');
    expect(json).toMatchObject({
      level: 'warning',
      mailArchive: { isAsked: true, isInNewest: false, fault: reason },
    });

    expectDone(await kms('drill'));
    expect((await told())['status']).toContain(reason);
  });
});

describe('a recover of the mail archive', () => {
  beforeEach(async () => {
    build(`${otherDisk}/archive`);
    expectDone(await backUp('full'));
  });
  const config = (): string => join(server.serverDir, 'mailserver.cfg');

  it('leaves the live one alone where another store is named, and the copy names its own', async () => {
    const there = join(dir, 'there');
    copy(archiveDir, there);
    writeFileSync(join(archiveDir, 'live'), 'live');
    const [store, cfgdir] = [join(dir, 'new/store'), join(dir, 'new')];
    expectDone(await recover('--store', store, '--cfgdir', cfgdir));
    expect(compareTrees(there, join(store, 'archive'))).toEqual([]);
    expect(existsSync(join(archiveDir, 'live'))).toBe(true);
    expect(readFileSync(join(cfgdir, 'mailserver.cfg'), 'utf8')).toContain(
      `"ArchiveDir">${store}/archive<`,
    );
  });

  it("goes where today's mailserver.cfg has it, and the recovered one says so", async () => {
    const today = join(dir, 'today/archive');
    const text = readFileSync(config(), 'utf8');
    writeFileSync(config(), text.replace(archiveDir, today));
    const { status, json } = await kmsJson(
      'recover',
      server.backupDir,
      '--yes',
    );
    expect(status).toBe(0);
    expect(json).toMatchObject({
      archiveDir: today,
      adapted: [{ name: 'ArchiveDir', from: archiveDir, to: today }],
      places: [
        { holds: 'store' },
        { directory: today, holds: 'mail archive' },
        { holds: 'configuration' },
      ],
    });
    expect(compareTrees(archiveDir, today, { ignore: isOwn })).toEqual([]);
    expect(readFileSync(config(), 'utf8')).toContain(`"ArchiveDir">${today}<`);
  });

  it.each([[true], [false]])(
    'goes where the recovered one has it where mailserver.cfg is lost (is the disk here: %s)',
    async (isHere) => {
      const there = join(dir, 'there');
      copy(archiveDir, there);
      rmSync(config());
      rmSync(archiveDir, { recursive: true });
      if (isHere) mkdirSync(archiveDir);
      expectDone(await recover());
      const place = isHere ? archiveDir : join(server.storeDir, 'archive');
      expect(compareTrees(there, place)).toEqual([]);
      expect(readFileSync(config(), 'utf8')).toContain(
        `"ArchiveDir">${place}<`,
      );
    },
  );

  it('is counted on its own disk, and none of its messages as mail', async () => {
    writeFileSync(join(archiveDir, 'gone.eml'), 'gone');
    const { json } = await kmsJson('recover', server.backupDir, '--dry-run');
    expect(json).toMatchObject({
      messages: MAILBOX_MESSAGES,
      loses: { files: 1, messages: 0 },
    });
    const disks = (json['disks'] as Json[]).map((disk) => disk['directory']);
    expect(disks).toHaveLength(otherDisk.startsWith('/dev/shm') ? 2 : 1);
  });

  it('leaves it alone where mail is added, or one user is recovered, or the archive has none', async () => {
    rmSync(join(archiveDir, '2026-Oct'), { recursive: true });
    expectDone(await recover('--additive'));
    expectDone(await recover('-u', 'alice'));
    expectDone(await kms('backup', 'full'));
    expectDone(await recover());
    expect(readdirSync(archiveDir)).toEqual(['2026-Nov']);
  });

  it('is none where the archive that is asked for it has none', async () => {
    expectDone(await kms('backup', 'full'));
    expectEnd(await recover('--mask', 'archive'), 10, 'NOT_FOUND');
  });

  it('is not called gone where one of two archives was made without it', async () => {
    expectDone(await kms('backup', 'full'));
    const names = readdirSync(server.backupDir).filter((name) =>
      name.startsWith('F'),
    );
    const [first = '', second = ''] = names.sort();
    const same = await kms(
      'diff',
      join(server.backupDir, first),
      join(server.backupDir, second),
    );
    expect(said(same)).not.toContain('archive/');
    writeFileSync(join(archiveDir, 'new'), 'new');
    const live = await kms('diff', join(server.backupDir, first));
    expect(said(live)).toContain('archive');
  });
});
