import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  randomStore,
  type Installation,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { Random } from '../helpers/random.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, hasTool, runTool, type Ended } from '../helpers/tools.js';

const notBackedUp = (path: string): boolean => /(^|\/)search\.fld$/.test(path);
const python = (script: string, ...args: string[]): Ended =>
  runTool('python3', ['-W', 'error', '-c', script, ...args], {
    env: { PYTHONIOENCODING: 'utf8', PYTHONUTF8: '1' },
  });

/** Programs that test a zip file, and what they must not say. */
const READERS: Readonly<Record<string, (volume: string) => Ended>> = {
  unzip: (volume) => runTool('unzip', ['-tq', volume]),
  '7zz': (volume) => runTool('7zz', ['t', '-bd', volume]),
  bsdtar: (volume) =>
    runTool('bsdtar', ['-t', '-f', volume], { env: { LC_ALL: 'C.UTF-8' } }),
  python3: (volume) =>
    python(
      'import sys,zipfile\nbad=zipfile.ZipFile(sys.argv[1]).testzip()\nassert bad is None, bad',
      volume,
    ),
};

/** Programs that unpack a volume into a directory. */
const UNPACKERS: Readonly<
  Record<string, (volume: string, target: string) => Ended>
> = {
  unzip: (volume, target) => runTool('unzip', ['-qo', volume, '-d', target]),
  '7zz': (volume, target) =>
    runTool('7zz', ['x', '-bd', '-y', `-o${target}`, volume]),
  bsdtar: (volume, target) =>
    runTool('bsdtar', ['-x', '-C', target, '-f', volume], {
      env: { LC_ALL: 'C.UTF-8' },
    }),
  python3: (volume, target) =>
    python(
      'import sys,zipfile\nzipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
      volume,
      target,
    ),
};

/** Programs that pack what lies in the current directory, in the layout of the archive that it was unpacked from. */
const PACKERS: Readonly<
  Record<string, (archive: string, cwd: string) => Ended>
> = {
  zip: (archive, cwd) =>
    runTool('zip', ['-qr', archive, ...inOrder(cwd)], { cwd }),
  '7zz': (archive, cwd) =>
    runTool('7zz', ['a', '-bd', '-tzip', archive, ...inOrder(cwd)], { cwd }),
  bsdtar: (archive, cwd) => {
    const args = [
      '-c',
      '--format',
      'zip',
      '-s',
      ',^[.]/,,',
      '-f',
      archive,
      ...inOrder(cwd),
    ];
    return runTool('bsdtar', args, { cwd, env: { LC_ALL: 'C.UTF-8' } });
  },
  python3: (archive, cwd) =>
    runTool('python3', ['-m', 'zipfile', '-c', archive, ...inOrder(cwd)], {
      cwd,
    }),
};

/** The version text first, the summary last. `./` because an `@` at the start names a list of files to some. */
function inOrder(directory: string): string[] {
  const rest = readdirSync(directory).filter((name) => !name.endsWith('.txt'));
  return ['.version.txt', ...rest.map((name) => `./${name}`), '.summary.txt'];
}

describe('other tools and our archives', () => {
  let dir = '';
  let installation: Installation;
  let volumes: string[] = [];
  beforeAll(async () => {
    dir = temporaryDirectory('interop');
    installation = buildInstallation(join(dir, 'server'), {
      store: randomStore(11, { files: 400, maxBytes: 30_000 }),
      beside: {
        sslcert: { 'server.crt': 'certificate' },
        license: { 'license.key': 'key' },
      },
    });
    const big = join(installation.storeDir, 'mail/example.com/user0/big.bin');
    writeFileSync(big, new Random(5).bytes(9_000_000));
    const ended = await kmsInProcess([
      'backup',
      'full',
      '--server-dir',
      installation.serverDir,
      '--volume-size',
      '10MB',
    ]);
    expectDone(ended);
    volumes = readdirSync(installation.backupDir)
      .filter((name) => name.endsWith('.zip'))
      .map((name) => join(installation.backupDir, name));
  });
  afterAll(() => {
    removeTemporary(dir);
  });

  it('have several volumes to look at', () => {
    expect(volumes.length).toBeGreaterThan(1);
  });

  for (const [tool, read] of Object.entries(READERS)) {
    it.skipIf(!hasTool(tool))(`are read by ${tool} without a warning`, () => {
      for (const volume of volumes) {
        const { status, stdout, stderr } = read(volume);
        expect(`${String(status)} ${stderr}`).toBe('0 ');
        expect(stdout.replace('No errors', '')).not.toMatch(
          /warning|error|caution|mismatch/i,
        );
      }
    });
  }

  for (const [tool, unpack] of Object.entries(UNPACKERS)) {
    it.skipIf(!hasTool(tool))(
      `are unpacked by ${tool} to exactly the store`,
      () => {
        const target = join(dir, `unpacked-${tool}`);
        mkdirSync(target);
        for (const volume of volumes) {
          expect(unpack(volume, target).stderr).toBe('');
        }

        // Times are compared where the tool reads more than DOS time; Python sets none.
        const reads = {
          unzip: 1_000_000_000n,
          '7zz': 1_000_000_000n,
          bsdtar: 1_000_000_000n,
          python3: undefined,
        };
        const mtimeToleranceNs = reads[tool as keyof typeof reads];
        const options = {
          ignore: notBackedUp,
          mtimeToleranceNs,
          modes: tool === 'unzip' || tool === 'bsdtar',
        };
        const differences = compareTrees(
          join(installation.storeDir, 'mail'),
          join(target, '@backup/store/mail'),
          {
            ...options,
            // bsdtar composes names that the store has decomposed.
            ignore: (path) =>
              notBackedUp(path) ||
              (tool === 'bsdtar' &&
                path.normalize('NFD').includes('Cafe\u0301')),
            directoryTimes: false,
          },
        );
        expect(differences).toEqual([]);
      },
    );
  }

  for (const [tool, pack] of Object.entries(PACKERS)) {
    it.skipIf(!hasTool(tool) || !hasTool('unzip'))(
      `can be made again by ${tool} and are recovered then`,
      async () => {
        const unpacked = join(dir, `for-${tool}`);
        const recovered = buildInstallation(join(dir, `recovered-${tool}`));
        mkdirSync(unpacked);
        for (const volume of volumes) {
          runTool('unzip', ['-qo', volume, '-d', unpacked]);
        }

        const archive = join(dir, `made-by-${tool}`, 'F20261101T010000Z.zip');
        mkdirSync(join(archive, '..'));
        // The volumes' own digests belong to the volumes that we wrote.
        keepKerioKeys(join(unpacked, '.summary.txt'));
        expect(pack(archive, unpacked).status).toBe(0);
        const ended = await kmsInProcess([
          'recover',
          archive,
          '--server-dir',
          recovered.serverDir,
          '--yes',
        ]);
        expectDone(ended);
        const differences = compareTrees(
          join(installation.storeDir, 'mail'),
          join(recovered.storeDir, 'mail'),
          {
            ignore: notBackedUp,
            modes: false,
            directoryTimes: false,
            mtimeToleranceNs: 2_000_000_000n,
          },
        );
        expect(differences).toEqual([]);
      },
    );
  }
});

/** Leaves the keys that the mail server itself writes. */
function keepKerioKeys(summaryPath: string): void {
  const kept = readFileSync(summaryPath, 'utf8')
    .split('\n')
    .filter((line) =>
      /^(started|finished|count_files|total_size|duration)\b/.test(line),
    );
  writeFileSync(summaryPath, `${kept.join('\n')}\n`);
}

describe("the mail server's own archives", () => {
  let dir = '';
  beforeAll(() => {
    dir = temporaryDirectory('kerio');
  });
  afterAll(() => {
    removeTemporary(dir);
  });

  const startedAt = new Date(Date.UTC(2026, 9, 4, 1, 0, 2));
  const dosTimes = {
    ignore: notBackedUp,
    modes: false,
    directoryTimes: false,
    mtimeToleranceNs: 2_000_000_000n,
  };

  const serverToRecover = (
    name: string,
  ): { from: Installation; to: Installation; archives: string } => {
    const from = buildInstallation(join(dir, `${name}-from`), {
      store: randomStore(3, { files: 150, maxBytes: 9000 }),
    });
    const to = buildInstallation(join(dir, `${name}-to`));
    const archives = join(dir, `${name}-archives`);
    mkdirSync(archives);
    return { from, to, archives };
  };

  it('are listed, verified and recovered, in one volume', async () => {
    const { from, to, archives } = serverToRecover('one');
    writeKerioArchive(archives, from, { letter: 'F', startedAt });
    expect(
      (
        await kmsInProcess([
          'list-archives',
          archives,
          '--server-dir',
          to.serverDir,
        ])
      ).stdout,
    ).toContain('F20261004T010002Z');
    expect(
      (await kmsInProcess(['verify', archives, '--server-dir', to.serverDir]))
        .status,
    ).toBe(0);
    const ended = await kmsInProcess([
      'recover',
      archives,
      '--server-dir',
      to.serverDir,
      '--yes',
    ]);
    expectDone(ended);
    expect(compareTrees(from.storeDir, to.storeDir, dosTimes)).toEqual([]);
  });

  it('are recovered from several volumes, and not with one of them missing', async () => {
    const { from, to, archives } = serverToRecover('volumes');
    const paths = writeKerioArchive(archives, from, {
      letter: 'F',
      startedAt,
      volumeSizeBytes: 200_000,
    });
    expect(paths.length).toBeGreaterThan(2);
    const kept = join(dir, 'kept.zip');
    copyFileSync(paths[1] ?? '', kept);
    rmSync(paths[1] ?? '');
    const before = compareTrees(from.storeDir, to.storeDir, dosTimes).length;
    expect(
      (await kmsInProcess(['verify', archives, '--server-dir', to.serverDir]))
        .status,
    ).toBe(4);
    expect(
      (
        await kmsInProcess([
          'recover',
          archives,
          '--server-dir',
          to.serverDir,
          '--yes',
        ])
      ).status,
    ).toBe(4);
    expect(compareTrees(from.storeDir, to.storeDir, dosTimes)).toHaveLength(
      before,
    );
    copyFileSync(kept, paths[1] ?? '');
    expect(
      (
        await kmsInProcess([
          'recover',
          archives,
          '--server-dir',
          to.serverDir,
          '--yes',
        ])
      ).status,
    ).toBe(0);
    expect(compareTrees(from.storeDir, to.storeDir, dosTimes)).toEqual([]);
  });

  it('without their last volume are unfinished, not small', async () => {
    const { from, to, archives } = serverToRecover('last');
    const paths = writeKerioArchive(archives, from, {
      letter: 'F',
      startedAt,
      volumeSizeBytes: 200_000,
    });
    rmSync(paths.at(-1) ?? '');
    expect(
      (await kmsInProcess(['verify', archives, '--server-dir', to.serverDir]))
        .status,
    ).toBe(4);
    expect(
      (
        await kmsInProcess([
          'recover',
          archives,
          '--server-dir',
          to.serverDir,
          '--yes',
        ])
      ).status,
    ).toBe(4);
  });

  for (const [letter, product] of [
    ['D', 'connect'],
    ['I', 'mailserver6'],
  ] as const) {
    it(`with a differential ${letter} of ${product} recover to the full and what changed after it`, async () => {
      const { from, to, archives } = serverToRecover(letter);
      writeKerioArchive(archives, from, { letter: 'F', startedAt, product });
      const changed = join(from.storeDir, 'mail/example.com/user0/new.eml');
      writeFileSync(changed, 'a new message\r\n');
      const later = new Date(startedAt.getTime() + 86_400_000);
      const changedSince = new Date(Date.now() - 600_000);
      writeKerioArchive(archives, from, {
        letter,
        startedAt: later,
        product,
        changedSince,
      });
      const ended = await kmsInProcess([
        'recover',
        archives,
        '--server-dir',
        to.serverDir,
        '--yes',
      ]);
      expect(ended.status).toBe(0);
      expect(compareTrees(from.storeDir, to.storeDir, dosTimes)).toEqual([]);
    });
  }
});
