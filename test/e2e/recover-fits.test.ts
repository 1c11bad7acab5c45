import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
  smallStore,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone, type Json, kms, runTool, said } from '../helpers/tools.js';

/** The machine that was backed up had its store on another disk; the one that is recovered to is a fresh installation. */
let dir = '';
let origin: Installation;
let archives = '';
let fresh: Installation;
let pristine = '';

const CONFIG = 'mailserver.cfg';
const MESSAGE = 'mail/example.com/alice/INBOX/#msgs/00000001.eml';
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');
const at = (...flags: string[]): string[] => [
  ...flags,
  '--server-dir',
  fresh.serverDir,
];
const bring = (...flags: string[]): string[] =>
  at('recover', archives, '--yes', ...flags);

/** The archive's mailserver.cfg with other paths, and not a byte else. */
function archivedConfig(storeDir: string, backupDir: string): string {
  return read(origin.serverDir, CONFIG)
    .replace(`${origin.storeDir}/<`, `${storeDir}/<`)
    .replace(`${origin.storeDir}/archive/<`, `${storeDir}/archive/<`)
    .replace(`${origin.backupDir}<`, `${backupDir}<`);
}

beforeAll(async () => {
  dir = temporaryDirectory('fits');
  origin = buildInstallation(join(dir, 'origin'), {
    storeDir: join(dir, 'data/store'),
    backupDir: join(dir, 'old backups'),
    store: smallStore(),
    beside: { sslcert: { 'server.crt': 'certificate of origin' } },
  });
  archives = join(dir, 'archives');
  mkdirSync(archives);
  expectDone(
    await kmsInProcess([
      ...['backup', 'full', '--server-dir', origin.serverDir],
      ...['--backup-dir', archives],
    ]),
  );
  rmSync(join(dir, 'data'), { recursive: true });

  fresh = buildInstallation(join(dir, 'fresh'), {
    store: { mail: { 'example.com': { bob: { INBOX: { '#msgs': {} } } } } },
    beside: { sslcert: { 'server.crt': 'certificate of fresh' } },
  });
  pristine = join(dir, 'pristine');
  expectDone(runTool('cp', ['-a', fresh.serverDir, pristine]));
});
beforeEach(() => {
  for (const name of ['fresh', 'data', 'drill', 'link']) {
    rmSync(join(dir, name), { recursive: true, force: true });
  }

  expectDone(runTool('cp', ['-a', pristine, fresh.serverDir]));
});
afterAll(() => {
  removeTemporary(dir);
});

/** What runs write down there is none of it. */
const namesIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => !name.startsWith('kms-backup-'));

describe('a backup of a server whose paths are others', () => {
  it('leads the server to the recovered store, and says so before and after', async () => {
    const adapted = [
      {
        name: 'StoreDir',
        from: `${origin.storeDir}/`,
        to: `${fresh.storeDir}/`,
      },
      {
        name: 'ArchiveDir',
        from: `${origin.storeDir}/archive/`,
        to: `${fresh.storeDir}/archive/`,
      },
      { name: 'BackupDir', from: origin.backupDir, to: archives },
    ];

    const planned = await kmsJsonInProcess(bring('--dry-run'));
    expect(planned.json['adapted']).toEqual(adapted);
    expect(read(fresh.serverDir, CONFIG)).toBe(read(pristine, CONFIG));

    const done = await kmsInProcess(bring());
    expectDone(done);
    const line = `StoreDir    ${origin.storeDir}/ → ${fresh.storeDir}/`;
    expect(done.stderr).toContain(`Adapts    ${line}`);
    expect(done.stdout).toContain(`Adapted    ${line}`);
    expect(existsSync(join(fresh.storeDir, MESSAGE))).toBe(true);
    expect(read(fresh.serverDir, CONFIG)).toBe(
      archivedConfig(fresh.storeDir, archives),
    );

    const again = await kmsJsonInProcess(at('recover', archives, '--yes'));
    expect(again.json['adapted']).toEqual(adapted);
  });

  it('keeps its paths with --keep-paths, with a warning', async () => {
    const { status, json } = await kmsJsonInProcess(bring('--keep-paths'));

    expect([status, json['adapted']]).toEqual([0, []]);
    expect(String(json['warnings'])).toContain(
      `--keep-paths leaves what does not fit here, where the store is ${fresh.storeDir}: StoreDir ${origin.storeDir}/`,
    );
    expect(read(fresh.serverDir, CONFIG)).toBe(read(origin.serverDir, CONFIG));
  });

  it('needs no change where the place is the same', async () => {
    mkdirSync(origin.backupDir, { recursive: true });
    const same = ['--store', origin.storeDir, '--cfgdir', fresh.serverDir];
    const { json } = await kmsJsonInProcess(bring(...same));

    expect(json['adapted']).toEqual([]);
    expect(read(fresh.serverDir, CONFIG)).toBe(read(origin.serverDir, CONFIG));
    rmSync(origin.backupDir, { recursive: true });
  });

  it('stops for no path that cannot be edited', async () => {
    const odd = buildInstallation(join(dir, 'odd'), {
      config: read(origin.serverDir, CONFIG).replace(
        `${origin.storeDir}/<`,
        `<!-- on the old disk -->${origin.storeDir}/<`,
      ),
    });
    const made = join(dir, 'of odd');
    mkdirSync(made);
    writeKerioArchive(made, odd, { letter: 'F', startedAt: new Date() });

    const { status, json } = await kmsJsonInProcess(
      at('recover', made, '--yes'),
    );
    expect([status, json['adapted']]).toEqual([0, []]);
    expect(String(json['warnings'])).toMatch(
      /mailserver.cfg cannot be edited \(.*leaves what does not fit here/,
    );
    expect(read(fresh.serverDir, CONFIG)).toBe(read(odd.serverDir, CONFIG));
  });

  it.runIf(canInject)(
    'has the old mailserver.cfg or the adapted one, whole, after a crash',
    async () => {
      const ended = kmsWithFaults(bring(), {
        inject: ['rename:signal=SIGKILL:when=1'],
        paths: [join(fresh.serverDir, '.kms-backup-recover/new', CONFIG)],
      });
      expect(wasKilled(ended), said(ended)).toBe(true);
      expect(read(fresh.serverDir, CONFIG)).toBe(read(pristine, CONFIG));

      const next = await kmsJsonInProcess(bring());
      expect([next.status, next.json['finished']]).toEqual([
        0,
        expect.stringContaining('is complete now; that is all of this call'),
      ]);
      expect(read(fresh.serverDir, CONFIG)).toBe(
        archivedConfig(fresh.storeDir, archives),
      );
    },
  );

  it('is drilled into a configuration that names nothing of the server here', async () => {
    const drill = join(dir, 'drill');
    const { status, json } = await kmsJsonInProcess(
      bring('--store', join(drill, 'store'), '--cfgdir', join(drill, 'cfg')),
    );

    expect([status, json['warnings']]).toEqual([0, []]);
    expect(read(drill, 'cfg', CONFIG)).toBe(
      archivedConfig(join(drill, 'store'), join(drill, 'store/backup')),
    );
    expect(read(fresh.serverDir, CONFIG)).toBe(read(pristine, CONFIG));
  });

  it('leads to the live store where only the configuration goes elsewhere', async () => {
    mkdirSync(origin.backupDir, { recursive: true });
    const copy = join(dir, 'drill/cfg');
    expectDone(await kmsInProcess(bring('--cfgdir', copy)));

    // The present directories stay what they are: they are those of this server.
    expect(read(copy, CONFIG)).toBe(
      archivedConfig(fresh.storeDir, origin.backupDir),
    );
    rmSync(origin.backupDir, { recursive: true });
  });

  it('is adapted with --in-place too', async () => {
    expectDone(await kmsInProcess(bring('--in-place')));

    expect(read(fresh.serverDir, CONFIG)).toBe(
      archivedConfig(fresh.storeDir, archives),
    );
  });

  it.runIf(canInject)(
    'changes nothing where the adapted file cannot be written',
    async () => {
      const staged = join(fresh.serverDir, '.kms-backup-recover/new');
      const ended = kmsWithFaults(bring(), {
        inject: ['write,pwrite64:error=ENOSPC'],
        paths: [join(staged, `.${CONFIG}.kms-backup-tmp`)],
      });

      expect(said(ended)).toMatch(/^14 .*Code: NO_SPACE.*Nothing was changed/s);
      expect(namesIn(fresh.serverDir)).toEqual(namesIn(pristine));
      expect(read(fresh.serverDir, CONFIG)).toBe(read(pristine, CONFIG));
      expectDone(await kmsInProcess(bring()));
    },
  );

  it('lets a copy of the configuration alone be what it was', async () => {
    mkdirSync(join(dir, 'data/store'), { recursive: true });
    const copy = join(dir, 'drill/cfg');
    const { json } = await kmsJsonInProcess(
      bring('--mask', 'cfg', '--cfgdir', copy),
    );

    expect(json['adapted']).toEqual([]);
    expect(String(json['warnings'])).toContain('start no server with it');
    expect(read(copy, CONFIG)).toBe(read(origin.serverDir, CONFIG));
  });
});

describe('--store without --cfgdir', () => {
  const elsewhere = (): string => join(dir, 'drill/store');
  const installed = (): string[] =>
    [CONFIG, 'users.cfg', 'sslcert/server.crt'].map((name) =>
      read(fresh.serverDir, name),
    );
  let before: string[] = [];

  beforeEach(() => {
    before = installed();
  });

  it('brings no configuration over that of the server', async () => {
    const ended = await kmsInProcess(bring('--store', elsewhere()));

    expectDone(ended);
    expect(ended.stderr).toContain(
      'Configuration is not recovered: --store names another place; add --cfgdir DIR',
    );
    expect(ended.stderr).not.toContain('(configuration)');
    expect(existsSync(join(elsewhere(), MESSAGE))).toBe(true);
    expect(installed()).toEqual(before);
    expect(existsSync(join(fresh.storeDir, MESSAGE))).toBe(false);
  });

  it('brings it where --mask asks for it', async () => {
    expectDone(
      await kmsInProcess(bring('--store', elsewhere(), '--mask', 'cfg,mail')),
    );

    expect(read(fresh.serverDir, CONFIG)).toBe(
      archivedConfig(elsewhere(), archives),
    );
    expect(read(fresh.serverDir, 'sslcert/server.crt')).toBe(before[2]);
  });

  it('is no other place where it leads to the store of the server', async () => {
    symlinkSync(fresh.storeDir, join(dir, 'link'));
    expectDone(await kmsInProcess(bring('--store', join(dir, 'link'))));

    expect(existsSync(join(fresh.storeDir, MESSAGE))).toBe(true);
    expect(read(fresh.serverDir, 'sslcert/server.crt')).toBe(
      'certificate of origin',
    );
  });

  it('brings it with a warning where it is called as kmsrecover', () => {
    const ended = runTool(process.execPath, [
      join(import.meta.dirname, '../../bin/kmsrecover.js'),
      ...at(archives, '--store', elsewhere(), '--quiet'),
    ]);

    expectDone(ended);
    expect(ended.stderr).toContain(
      `Warning: the configuration of ${fresh.serverDir} is replaced although --store names another place, as kmsrecover does`,
    );
    expect(read(fresh.serverDir, CONFIG)).toBe(
      archivedConfig(elsewhere(), archives),
    );
  });
});

describe('a mailserver.cfg that is lost', () => {
  const config = (): string => join(fresh.serverDir, CONFIG);
  const BROKEN: readonly (readonly [string, () => void])[] = [
    [
      'is absent',
      () => {
        rmSync(config());
      },
    ],
    [
      'is empty',
      () => {
        writeFileSync(config(), '');
      },
    ],
    [
      'is cut off',
      () => {
        writeFileSync(config(), '<config><table name="Di');
      },
    ],
    [
      'names no store',
      () => {
        writeFileSync(config(), '<config></config>');
      },
    ],
  ];
  const note = async (...flags: string[]): Promise<string> => {
    const { status, json } = await kmsJsonInProcess(bring(...flags));
    expect(status, JSON.stringify(json)).toBe(0);

    return String(json['warnings']);
  };

  it.each(BROKEN)('and %s stops neither kind of recover', async (_, lose) => {
    for (const flags of [
      ['--mask', 'cfg'],
      [],
      ['--cfgdir', fresh.serverDir],
    ]) {
      rmSync(fresh.serverDir, { recursive: true });
      expectDone(runTool('cp', ['-a', pristine, fresh.serverDir]));
      lose();

      expect(await note(...flags)).toContain(
        `the store is taken to be ${fresh.storeDir}, the place of a new installation`,
      );
      expect(read(config())).toBe(archivedConfig(fresh.storeDir, archives));
      expect(existsSync(join(fresh.storeDir, MESSAGE))).toBe(
        flags[0] !== '--mask',
      );
    }
  });

  it.each([[['--mask', 'cfg']], [[]]])(
    "comes back beside the store that the archive's names, where that is here: %j",
    async (flags) => {
      mkdirSync(join(dir, 'data/store/mail'), { recursive: true });
      rmSync(config());

      expect(await note(...flags)).toContain(
        `the store is taken to be ${origin.storeDir}, the archive's mailserver.cfg names it`,
      );
      expect(read(config())).toBe(archivedConfig(origin.storeDir, archives));
      expect(existsSync(join(origin.storeDir, MESSAGE))).toBe(
        flags.length === 0,
      );
    },
  );

  it('comes back beside the store that --store names', async () => {
    rmSync(config());
    const store = join(dir, 'drill/store');
    expectDone(
      await kmsInProcess(bring('--store', store, '--cfgdir', fresh.serverDir)),
    );

    expect(read(config())).toBe(archivedConfig(store, archives));
    expect(existsSync(join(store, MESSAGE))).toBe(true);
  });

  it('keeps nobody from what needs no store, and says how to go on where one is needed', async () => {
    writeFileSync(config(), '');
    expectDone(await kmsInProcess(bring('--mask', 'sslcert')));

    for (const flags of [
      ['-u', 'alice'],
      ['--mask', 'mail'],
    ]) {
      const ended = await kmsInProcess(bring(...flags));
      expect(said(ended)).toMatch(
        /^2 .*the file is empty.*Code: CONFIGURATION.*bring it back first: recover DIR --mask cfg/s,
      );
    }
  });

  it('is brought back by a rollback as it was, absent too', async () => {
    for (const flags of [['--mask', 'cfg'], []]) {
      rmSync(config(), { force: true });
      expectDone(await kmsInProcess(bring('--keep-old', ...flags)));
      expect(existsSync(config())).toBe(true);
      rmSync(config());

      expectDone(await kmsInProcess(at('recover', '--rollback', '--yes')));
      expect(existsSync(config())).toBe(false);
      expect(existsSync(join(fresh.storeDir, MESSAGE))).toBe(false);
    }
  });

  it('is found by what else the server left in the current directory', () => {
    rmSync(config());
    const ended = kms(['recover', archives, '--yes', '--mask', 'cfg'], {
      cwd: fresh.serverDir,
    });

    expectDone(ended);
    expect(existsSync(config())).toBe(true);
  });

  it('needs no server at all where both places are named, though they are not there yet', async () => {
    const bare = join(dir, 'drill');
    mkdirSync(bare);
    const none = join(bare, 'none');
    const where = ['--server-dir', none];

    const copy = ['--mask', 'cfg', '--cfgdir', join(bare, 'a')];
    expectDone(
      await kmsInProcess(['recover', archives, '--yes', ...copy, ...where]),
    );
    expect(read(bare, 'a', CONFIG)).toBe(read(origin.serverDir, CONFIG));

    const whole = await kmsJsonInProcess([
      ...['recover', archives, '--yes', '--cfgdir', join(bare, 'b'), ...where],
    ]);
    expect(String(whole.json['warnings'])).toContain(
      `no mail server is found here: the store is taken to be ${join(bare, 'b/store')}`,
    );
    expect(read(bare, 'b', CONFIG)).toBe(
      archivedConfig(join(bare, 'b/store'), join(bare, 'b/store/backup')),
    );

    const without = await kmsInProcess([
      'recover',
      archives,
      '--yes',
      ...where,
    ]);
    expect(said(without)).toMatch(
      /^10 .*Code: NOT_FOUND.*--store DIR --cfgdir DIR/s,
    );
  });
});

describe('an archive without the configuration', () => {
  let lean = '';

  beforeAll(async () => {
    lean = join(dir, 'lean');
    mkdirSync(lean);
    const server = buildInstallation(join(dir, 'leaner'), {
      store: smallStore(),
    });
    rmSync(join(server.serverDir, 'users.cfg'));
    await kmsInProcess([
      ...['backup', 'full', '--server-dir', server.serverDir],
      ...['--backup-dir', lean],
    ]);
  });

  const recoverLean = (
    ...flags: string[]
  ): Promise<{ status: number | null; json: Json }> =>
    kmsJsonInProcess(at('recover', lean, '--yes', ...flags));

  it('is named in plan and report, with exit code 3, where that was asked for', async () => {
    for (const flags of [['--dry-run'], [], ['--mask', 'cfg,mail']]) {
      const { status, json } = await recoverLean(...flags);
      expect([status, json['missing']]).toEqual([3, ['users.cfg']]);
    }

    const ended = await kmsInProcess(at('recover', lean, '--yes', '--quiet'));
    expect(said(ended)).toMatch(
      /^3 .*Missing {4}users\.cfg: F\d+T\d+Z\.zip holds none/s,
    );
    expect(read(fresh.serverDir, 'users.cfg')).toBe(
      read(pristine, 'users.cfg'),
    );
  });

  it('is no matter where mail alone was asked for', async () => {
    for (const flags of [
      ['--mask', 'mail'],
      ['-u', 'alice'],
      ['--store', join(dir, 'drill/store')],
    ]) {
      const { status, json } = await recoverLean(...flags);
      expect([status, json['missing']]).toEqual([0, []]);
    }
  });
});

describe('a recovered mailbox', () => {
  /** mailserver.cfg and users.cfg are those of a server with bob and carol; live are only the accounts of the test. */
  let mailboxes = '';

  beforeAll(async () => {
    mailboxes = join(dir, 'mailboxes');
    mkdirSync(mailboxes);
    const inbox = { INBOX: { '#msgs': { '00000001.eml': message('one') } } };
    const server = buildInstallation(join(dir, 'accounts'), {
      store: {
        mail: {
          'example.com': { alice: inbox, bob: inbox, '#public': inbox },
          'example.net': { dora: inbox },
        },
      },
    });
    expectDone(
      await kmsInProcess([
        ...['backup', 'full', '--server-dir', server.serverDir],
        ...['--backup-dir', mailboxes],
      ]),
    );
  });

  const withoutAccount = async (...flags: string[]): Promise<unknown> =>
    (
      await kmsJsonInProcess(
        at('recover', mailboxes, '--yes', '--dry-run', ...flags),
      )
    ).json['withoutAccount'];

  it('is named where nobody has an account for it', async () => {
    expect(await withoutAccount('-u', 'alice')).toEqual([]);
    expect(await withoutAccount('-u', 'bob')).toEqual(['bob@example.com']);
    expect(await withoutAccount('-u', 'bob', '--additive')).toEqual([
      'bob@example.com',
    ]);
    expect(await withoutAccount()).toEqual(['bob@example.com', '@example.net']);

    const ended = await kmsInProcess(
      at('recover', mailboxes, '--yes', '-u', 'bob'),
    );
    const line =
      'bob@example.com has no account in users.cfg: nobody can open that mailbox until it is made';
    expect(ended.stderr).toContain(`Note      ${line}`);
    expect(ended.stdout).toContain(`Note       ${line}`);
  });

  it('is judged by the users.cfg that is there afterwards', async () => {
    rmSync(join(fresh.serverDir, 'users.cfg'));
    expect(await withoutAccount('-u', 'bob')).toEqual([]);
    expect(await withoutAccount('--mask', 'cfg,mail')).toEqual([
      'bob@example.com',
      '@example.net',
    ]);
    writeFileSync(join(fresh.serverDir, 'users.cfg'), '<config>');
    expect(await withoutAccount('-u', 'bob')).toEqual([]);
    expect(await withoutAccount('--store', join(dir, 'drill'))).toEqual([]);
  });
});
