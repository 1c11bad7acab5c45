import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import {
  buildInstallation,
  type Installation,
  message,
  smallStore,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { expectDone, runTool, said } from '../helpers/tools.js';

/** Every rename of a swap; otherwise the later ones. */
const isThorough = process.env['KMS_TEST_THOROUGH'] !== undefined;
/** What only the live store has. */
const OLD: Tree = {
  mail: {
    'example.com': {
      bob: { INBOX: { '#msgs': { '00000001.eml': message('precious') } } },
    },
  },
};

let dir = '';
let server: Installation;
let elsewhere = '';
/** The server as it is before each test. */
let before = '';
/** An archive of another store. */
let archives = '';
/** The same, with a mailserver.cfg that nobody can read. */
let garbled = '';

const at = (...flags: string[]): string[] => [
  ...flags,
  '--server-dir',
  server.serverDir,
];
/** A recover that leaves nothing behind, unless a flag says otherwise. */
const bring = (...flags: string[]): string[] =>
  at(
    'recover',
    archives,
    '--yes',
    ...(flags.some((flag) => /keep-old|--backup/.test(flag))
      ? []
      : ['--no-keep-old']),
    ...flags,
  );
const undo = (...flags: string[]): string[] =>
  at('recover', '--rollback', '--yes', ...flags);
const staging = (): string => join(server.storeDir, '.kms-backup-recover');
const leftovers = (): string[] =>
  [server.serverDir, server.storeDir, elsewhere].flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.startsWith('.kms'))
      .map((name) => join(place, name)),
  );
const expectBefore = (): void => {
  const options = {
    directoryTimes: false,
    ignore: (path: string) => path.includes('.kms-backup-recover'),
  };
  expect(compareTrees(before, server.serverDir, options)).toEqual([]);
};

const expectRecovered = (): void => {
  expect(
    existsSync(
      join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs/00000002.eml'),
    ),
  ).toBe(true);
  expect(existsSync(join(server.storeDir, 'mail/example.com/bob'))).toBe(false);
};

/** Dies when the live mail has been moved aside, and the new mail is not there yet. */
const dieInSwap = (...flags: string[]): void => {
  const paths = [join(staging(), 'new/mail')];
  const ended = kmsWithFaults(bring(...flags), {
    inject: ['rename:signal=SIGKILL:when=1'],
    paths,
  });
  expect(wasKilled(ended), said(ended)).toBe(true);
  expect(existsSync(join(server.storeDir, 'mail'))).toBe(false);
};

beforeAll(async () => {
  dir = temporaryDirectory('places');
  archives = join(dir, 'archives');
  garbled = join(dir, 'garbled');
  for (const directory of [archives, garbled]) mkdirSync(directory);
  const source = buildInstallation(join(dir, 'server'), {
    store: smallStore(),
  });
  expectDone(
    await kmsInProcess([
      'backup',
      'full',
      '--server-dir',
      source.serverDir,
      '--backup-dir',
      archives,
    ]),
  );
  writeFileSync(
    join(source.serverDir, 'mailserver.cfg'),
    '<config><table name="Directories">',
  );
  writeKerioArchive(garbled, source, {
    letter: 'F',
    startedAt: new Date('2026-01-01T01:00:00Z'),
  });
  rmSync(source.serverDir, { recursive: true });

  server = buildInstallation(join(dir, 'server'), { store: OLD });
  appendFileSync(join(server.serverDir, 'users.cfg'), '<!-- of before -->');
  before = join(dir, 'before');
  expectDone(runTool('cp', ['-a', server.serverDir, before]));
});
beforeEach(() => {
  rmSync(server.serverDir, { recursive: true, force: true });
  expectDone(runTool('cp', ['-a', before, server.serverDir]));
  elsewhere = join(dir, 'elsewhere');
  rmSync(elsewhere, { recursive: true, force: true });
  mkdirSync(elsewhere);
});
afterAll(() => {
  removeTemporary(dir);
});

describe.runIf(canInject)(
  'a recover with --cfgdir over the live store that dies in the swap',
  () => {
    beforeEach(() => {
      dieInSwap('--cfgdir', elsewhere);
    });

    it('is named by every command that needs the store whole, and completed by the next recover', async () => {
      expect(said(await kmsInProcess(at('status')))).toMatch(
        /CRITICAL.*was interrupted: the store is half old, half new/s,
      );
      expect(said(await kmsInProcess(at('doctor')))).toContain(
        'was interrupted: the store is half old, half new',
      );
      for (const words of [
        ['backup', 'full'],
        ['backup', 'full', '--dry-run'],
        ['config', 'set', 'keep=3'],
      ]) {
        expect(said(await kmsInProcess(at(...words))), words.join(' ')).toMatch(
          /^1 .*was interrupted.*Code: FAILED/s,
        );
      }

      const next = await kmsInProcess(bring('--mask', 'cfg', '--dry-run'));
      expect(said(next)).toContain('was interrupted: it is completed first');
      const other = await kmsInProcess(bring('--mask', 'cfg'));
      expectDone(other);
      expectRecovered();
      expect(existsSync(join(elsewhere, 'mailserver.cfg'))).toBe(true);
      expect(leftovers()).toEqual([]);
    });

    it.each(['with', 'without'])(
      'is undone whole by a rollback %s --cfgdir',
      async (kind) => {
        expectDone(
          await kmsInProcess(
            undo(...(kind === 'with' ? ['--cfgdir', elsewhere] : [])),
          ),
        );
        expectBefore();
        expect([readdirSync(elsewhere), leftovers()]).toEqual([[], []]);
      },
    );

    it('is gone on with only where all of its disks are mounted', async () => {
      rmSync(elsewhere, { recursive: true });
      for (const words of [bring('--mask', 'cfg'), undo()]) {
        expect(said(await kmsInProcess(words))).toMatch(
          /^1 .*also replaces files in .*elsewhere.*Code: FAILED.*Mount the disk/s,
        );
      }

      mkdirSync(join(elsewhere, '.kms-backup-recover'), { recursive: true });
      expectDone(await kmsInProcess(undo()));
      expectBefore();
    });
  },
);

describe('what a recover with --cfgdir keeps', () => {
  beforeEach(async () => {
    expectDone(await kmsInProcess(bring('--cfgdir', elsewhere, '--keep-old')));
  });

  it('is brought back whole from the store', async () => {
    expectDone(await kmsInProcess(undo()));
    expectBefore();
    expect([readdirSync(elsewhere), leftovers()]).toEqual([[], []]);
  });

  it('is not what a rollback of another place means, which says what to call', async () => {
    for (const place of [join(dir, 'nowhere'), dir]) {
      const other = await kmsInProcess(undo('--cfgdir', place));
      expect(said(other)).toMatch(
        /^10 .*no state before a recover is kept in .*Code: NOT_FOUND.*recover --rollback, without/s,
      );
    }

    expectRecovered();
  });

  it('comes back after what a later recover keeps in one of its places', async () => {
    expectDone(await kmsInProcess(bring('--keep-old', '--mask', 'mail')));
    const covered = await kmsInProcess(undo('--cfgdir', elsewhere));
    expect(said(covered)).toMatch(
      /^1 .*came later in the same places.*Code: FAILED.*Undo that one first/s,
    );
    expectDone(await kmsInProcess(undo()));
    expectRecovered();
    expectDone(await kmsInProcess(undo()));
    expectBefore();
    expect([readdirSync(elsewhere), leftovers()]).toEqual([[], []]);
  });

  it('keeps nobody from a recover where its disk is gone', async () => {
    rmSync(server.storeDir, { recursive: true });
    expectDone(await kmsInProcess(bring('--cfgdir', elsewhere)));
    expectRecovered();
  });

  it('is not brought back where a part of it is gone', async () => {
    rmSync(join(staging(), 'old/mail'), { recursive: true });
    expect(said(await kmsInProcess(undo()))).toMatch(
      /^1 .*is not whole any more.*Code: FAILED/s,
    );
    expectRecovered();
  });
});

describe('a recover of a store that another one works on', () => {
  it('is refused, whatever place each names for the configuration', async () => {
    const holder = {
      pid: process.pid,
      host: hostname(),
      command: 'recover',
      since: '2026-01-01T01:00:00Z',
      birth: '',
    };
    writeFileSync(
      join(server.storeDir, '.kms-backup-recover.lock'),
      JSON.stringify(holder),
    );
    expect(said(await kmsInProcess(bring('--cfgdir', elsewhere)))).toMatch(
      /^11 .*Code: LOCKED/s,
    );
    expect(said(await kmsInProcess(at('backup', 'full')))).toMatch(
      /^11 .*Code: LOCKED/s,
    );
  });
});

describe.runIf(canInject)('a recover that keeps the old state and dies', () => {
  it.each([
    ['--keep-old', 'store/.kms-backup-recover/old'],
    ['--backup', 'store/mail.BAK'],
  ])(
    'is completed by the same call (%s), which keeps that state',
    async (flag, kept) => {
      dieInSwap(flag);
      const plan = await kmsInProcess(bring(flag, '--dry-run'));
      expect(said(plan)).toContain(
        'was interrupted: it is completed, and nothing else is done',
      );
      const again = await kmsInProcess(bring(flag));
      expect(said(again)).toMatch(
        /^0 .*is complete now; that is all of this call.*Kept/s,
      );
      expect(existsSync(join(server.serverDir, kept))).toBe(true);
      expectRecovered();
      expectDone(await kmsInProcess(undo()));
      expectBefore();
      expect(leftovers()).toEqual([]);
    },
  );

  it('is completed by another call, and what each keeps comes back', async () => {
    dieInSwap('--keep-old');
    const plan = await kmsInProcess(
      bring('--keep-old', '-u', 'alice', '--dry-run'),
    );
    expect(said(plan)).toMatch(/it is completed first/);
    expectDone(await kmsInProcess(bring('--keep-old', '-u', 'alice')));
    expectDone(await kmsInProcess(undo()));
    expectRecovered();
    expectDone(await kmsInProcess(undo()));
    expectBefore();
  });

  it('has ended where only its locks are left: the same call keeps what it kept', async () => {
    const lock = join(server.storeDir, '.kms-backup-recover.lock');
    const ended = kmsWithFaults(bring('--keep-old'), {
      inject: ['unlink:signal=SIGKILL:when=1'],
      paths: [lock],
    });
    expect(wasKilled(ended)).toBe(true);
    writeFileSync(
      lock,
      JSON.stringify({
        pid: pidOfJournal(),
        host: hostname(),
        command: 'recover',
        since: '',
        birth: '',
      }),
    );
    expect(said(await kmsInProcess(bring('--keep-old')))).toContain(
      'that is all of this call',
    );
    expectDone(await kmsInProcess(undo()));
    expectBefore();
  });
});

/** The journals of the recovers that keep something, or were interrupted. */
function journals(): string[] {
  return readdirSync(staging())
    .filter((name) => name.startsWith('recover-'))
    .map((name) => join(staging(), name));
}

function pidOfJournal(): number {
  const [path = ''] = journals();
  return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid;
}

describe.runIf(canInject)('a recover that has replaced everything', () => {
  it('or nothing is at an end, whichever rename fails', async () => {
    let warned = 0;
    for (let when = isThorough ? 1 : 7; ; when++) {
      rmSync(server.serverDir, { recursive: true });
      expectDone(runTool('cp', ['-a', before, server.serverDir]));
      const ended = kmsWithFaults(bring(), {
        inject: [`rename:error=EIO:when=${String(when)}`],
      });
      if (ended.status === 0 && !ended.stderr.includes('Warning')) break;

      if (ended.status === 0) {
        expect(said(ended)).toContain('Warning: the recover is complete; ');
        expectRecovered();
        warned++;
        expectDone(
          await kmsInProcess(
            at('backup', 'full', '--backup-dir', join(dir, 'more')),
          ),
        );
        expectDone(await kmsInProcess(bring()));
      } else {
        expect(said(ended)).toMatch(
          /^1 .*Code: IO_ERROR.*Nothing was changed/s,
        );
        expectBefore();
      }

      expect(leftovers(), String(when)).toEqual([]);
    }

    expect(warned).toBe(1);
  });

  it('is done where the old state cannot be removed: a warning, and nothing waits', async () => {
    const ended = kmsWithFaults(bring(), {
      inject: ['unlink,unlinkat:error=EACCES'],
      paths: [
        join(staging(), 'old/mail/example.com/bob/INBOX/#msgs/00000001.eml'),
      ],
    });
    expect(said(ended)).toMatch(
      /^0 Recover .*Warning: the recover is complete; .* \(EACCES.*Recovered/s,
    );
    expect(leftovers()).not.toEqual([]);
    expectDone(await kmsInProcess(at('backup', 'full')));
    await expectNobodyWaits();
  });

  it('is done whichever removal fails, of its journal too, and the next recover tidies up', async () => {
    let warned = 0;
    for (let when = isThorough ? 1 : 6; ; when++) {
      rmSync(server.serverDir, { recursive: true });
      expectDone(runTool('cp', ['-a', before, server.serverDir]));
      const ended = kmsWithFaults(bring(), {
        inject: [`unlink:error=EIO:when=${String(when)}`],
      });
      if (ended.status !== 0) {
        expect(said(ended)).toMatch(/^1 .*Code: IO_ERROR/s);
        expectBefore();
        continue;
      }

      if (ended.stderr.includes('Warning')) warned++;
      else if (leftovers().length === 0) break;

      await expectNobodyWaits();
    }

    expect(warned).toBeGreaterThan(1);
  });

  const expectNobodyWaits = async (): Promise<void> => {
    expectRecovered();
    expect((await kmsInProcess(at('doctor'))).stdout).not.toContain(
      'interrupted',
    );
    expectDone(await kmsInProcess(bring('--mask', 'lists,mail')));
    const isLock = (path: string): boolean => path.endsWith('.lock');
    expect(leftovers().filter((path) => !isLock(path))).toEqual([]);
  };
});

describe('a staging directory that a recover did not make', () => {
  it('is not used, nor anything behind it changed', async () => {
    const target = join(dir, 'target');
    for (const place of [server.storeDir, server.serverDir]) {
      for (const name of [
        '.kms-backup-recover',
        '.kms-backup-recover/new',
        '.kms-backup-recover/old',
      ]) {
        rmSync(target, { recursive: true, force: true });
        mkdirSync(join(target, 'new'), { recursive: true });
        writeFileSync(join(target, 'new/precious'), 'x');
        if (name.includes('/')) mkdirSync(join(place, '.kms-backup-recover'));
        symlinkSync(target, join(place, name));
        const refused = await kmsInProcess(bring());
        expect(said(refused), name).toMatch(
          /^1 .*is a link: a recover stages its files there.*Code: FAILED/s,
        );
        expect(readFileSync(join(target, 'new/precious'), 'utf8')).toBe('x');
        rmSync(join(place, '.kms-backup-recover'), { recursive: true });
        expectBefore();
      }
    }
  });
});

describe('a state that no journal names', () => {
  it('is named and never removed', async () => {
    const orphan = join(staging(), 'old/mail/precious');
    mkdirSync(join(orphan, '..'), { recursive: true });
    writeFileSync(orphan, 'x');
    for (const flags of [['--keep-old'], []]) {
      const ended = await kmsInProcess(bring(...flags));
      expectDone(ended);
      expect(readFileSync(orphan, 'utf8')).toBe('x');
      if (flags.length > 0) {
        expect(ended.stderr).toContain(
          `${join(staging(), 'old')} holds a state that no journal names`,
        );
      }
    }

    expectRecovered();
    rmSync(staging(), { recursive: true });
  });
});

describe('a journal that is none', () => {
  it.each([
    '{}',
    '5',
    'null',
    '[]',
    '{"phase":"kept"}',
    '{"phase":"swapping","archive":"F',
    'directory',
  ])(
    'is an error of each command that needs it, with its place: %s',
    async (junk) => {
      const path = join(staging(), 'journal.json');
      mkdirSync(staging(), { recursive: true });
      if (junk === 'directory') mkdirSync(path);
      else writeFileSync(path, junk);
      const fact = `the journal of an earlier recover cannot be understood: ${path}`;
      expect(said(await kmsInProcess(at('status')))).toContain(fact);
      expect(said(await kmsInProcess(at('doctor')))).toContain(fact);
      for (const words of [
        at('backup', 'full'),
        bring(),
        bring('--dry-run'),
        undo(),
      ]) {
        const ended = await kmsInProcess(words);
        expect(said(ended), words.join(' ')).toMatch(/^1 .*Code: FAILED/s);
        expect(ended.stderr).toContain(fact);
      }

      rmSync(path, { recursive: true });
      expectBefore();
    },
  );
});

describe('a mailserver.cfg that nobody can read', () => {
  it('is named when it is recovered, and undone without it', async () => {
    const ended = await kmsInProcess(
      at('recover', garbled, '--yes', '--keep-old'),
    );
    expect(said(ended)).toMatch(
      /^0 .*Note {6}the recovered .*mailserver\.cfg cannot be read/s,
    );
    expect((await kmsInProcess(at('status'))).status).toBe(2);
    expectDone(await kmsInProcess(undo('--dry-run')));
    expectDone(await kmsInProcess(undo()));
    expectBefore();
    expect(leftovers()).toEqual([]);
  });
});

describe('what cannot be replaced', () => {
  const canProtect = ((): boolean => {
    const probe = temporaryDirectory('chattr');
    const path = join(probe, 'file');
    writeFileSync(path, '');
    const isProtected = runTool('chattr', ['+i', path]).status === 0;
    runTool('chattr', ['-i', path]);
    removeTemporary(probe);
    return isProtected;
  })();
  const unprotect = (): void => {
    if (canProtect) runTool('chattr', ['-R', '-i', server.serverDir]);
  };

  afterEach(unprotect);

  it
    .runIf(canProtect)
    .each(['mailserver.cfg', 'users.cfg', 'store/mail', 'store'])(
    'because %s is immutable is named before anything is extracted',
    async (name) => {
      const path = join(server.serverDir, name);
      expectDone(runTool('chattr', ['+i', path]));
      const ended = await kmsInProcess(bring());
      unprotect();
      expect(said(ended)).toMatch(
        /^1 .*(cannot be replaced|cannot be taken).*Code: (NO_PERMISSION|FAILED)/s,
      );
      expectBefore();
      expect(leftovers()).toEqual([]);
    },
  );

  it.runIf(canProtect)(
    'deep in the old state is left with a warning',
    async () => {
      const path = join(
        server.storeDir,
        'mail/example.com/bob/INBOX/#msgs/00000001.eml',
      );
      expectDone(runTool('chattr', ['+i', path]));
      const ended = await kmsInProcess(bring());
      expect(said(ended)).toMatch(
        /^0 .*Warning: the recover is complete; what it replaced could not be removed/s,
      );
      expectRecovered();
      expectDone(await kmsInProcess(at('backup', 'full')));
      // What is left is not mixed with what the next one keeps.
      expectDone(await kmsInProcess(bring('--keep-old')));
      unprotect();
      expectDone(await kmsInProcess(undo()));
      expectRecovered();
      expectDone(await kmsInProcess(bring()));
      expect(leftovers()).toEqual([]);
    },
  );

  it('because a directory has the name of a file is named, and left', async () => {
    mkdirSync(join(elsewhere, 'mailserver.cfg/sub'), { recursive: true });
    const ended = await kmsInProcess(bring('--cfgdir', elsewhere));
    expect(said(ended)).toMatch(
      /^1 .*mailserver\.cfg is a directory, and the archive holds a file.*Code: FAILED/s,
    );
    expect(lstatSync(join(elsewhere, 'mailserver.cfg/sub')).isDirectory()).toBe(
      true,
    );
    expectBefore();
    expect(leftovers()).toEqual([]);
  });
});
