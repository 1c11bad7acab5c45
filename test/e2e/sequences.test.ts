import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  message,
  randomStore,
  type Installation,
} from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import {
  type CompareOptions,
  compareTrees,
  listTree,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, runTool } from '../helpers/tools.js';

let dir = '';
afterEach(() => {
  removeTemporary(dir);
});

/** A mail store that lives: each step does to it what users, the server and an administrator do in a night. */
class LivingStore {
  constructor(
    private readonly root: string,
    private readonly random: Random,
  ) {}

  /** What was done, for the message of a test that fails. */
  live(steps: number): string[] {
    return Array.from({ length: steps }, () => {
      const [name, act] = this.random.pick(this.#acts);
      const path = act();
      return `${name} ${path}`;
    });
  }

  readonly #acts: readonly (readonly [string, () => string])[] = [
    ['add', () => this.#add()],
    ['add', () => this.#add()],
    [
      'grow',
      () =>
        this.#onFile((path) => {
          appendFileSync(path, 'more\r\n');
        }),
    ],
    [
      'rewrite at the same size',
      () =>
        this.#onFile((path) => {
          this.#rewrite(path);
        }),
    ],
    [
      'delete',
      () =>
        this.#onFile((path) => {
          rmSync(path);
        }),
    ],
    [
      'delete',
      () =>
        this.#onFile((path) => {
          rmSync(path);
        }),
    ],
    [
      'touch',
      () =>
        this.#onFile((path) => {
          utimesSync(path, 1_650_000_000.25, 1_650_000_000.25);
        }),
    ],
    [
      'chmod',
      () =>
        this.#onFile((path) => {
          chmodSync(path, 0o640);
        }),
    ],
    [
      'move',
      () =>
        this.#onFile((path) => {
          renameSync(path, this.#freshName(this.#directory()));
        }),
    ],
    [
      'turn into a directory',
      () =>
        this.#onFile((path) => {
          this.#toDirectory(path);
        }),
    ],
    [
      'rename the folder',
      () =>
        this.#onDirectory((path) => {
          renameSync(path, this.#freshName(dirname(path)));
        }),
    ],
    [
      'delete the folder',
      () =>
        this.#onDirectory((path) => {
          rmSync(path, { recursive: true });
        }),
    ],
    [
      'turn into a file',
      () =>
        this.#onDirectory((path) => {
          this.#toFile(path);
        }),
    ],
    ['make a folder', () => this.#makeFolder()],
  ];

  #paths(isDirectory: boolean): string[] {
    // The areas themselves stay: a store without mail is not what is tested here.
    return listTree(this.root).filter(
      (path) =>
        path.endsWith('/') === isDirectory && path.split('/').length > 3,
    );
  }

  #directory(): string {
    return join(
      this.root,
      this.random.pick([...this.#paths(true), 'mail/example.com/']),
    );
  }

  #freshName(directory: string): string {
    return join(
      directory,
      `${this.random.pick(['new', 'Neu ä', 'a&b', '00000'])}${String(this.random.int(0, 1e9))}.eml`,
    );
  }

  #add(): string {
    const path = this.#freshName(this.#directory());
    writeFileSync(path, message(path, this.random, this.random.int(0, 3000)));
    return path;
  }

  #makeFolder(): string {
    const path = this.#freshName(this.#directory());
    mkdirSync(path);
    return path;
  }

  #rewrite(path: string): void {
    const { mode } = statSync(path);
    const content = Buffer.alloc(
      readFileSync(path).length,
      `${String(this.random.int(0, 1e9))} `,
    );
    rmSync(path);
    writeFileSync(path, content, { mode });
  }

  #toDirectory(path: string): void {
    rmSync(path);
    mkdirSync(path);
    writeFileSync(join(path, 'inside.eml'), 'was a file\r\n');
  }

  #toFile(path: string): void {
    rmSync(path, { recursive: true });
    writeFileSync(path.replace(/\/$/, ''), 'was a directory\r\n');
  }

  #onFile(act: (path: string) => void): string {
    return this.#on(this.#paths(false), act);
  }

  #onDirectory(act: (path: string) => void): string {
    return this.#on(this.#paths(true), act);
  }

  #on(paths: readonly string[], act: (path: string) => void): string {
    if (paths.length === 0) return this.#add();
    const path = join(this.root, this.random.pick(paths));
    act(path);
    return path;
  }
}

/** A night that a backup was made in. */
interface Night {
  readonly archive: string;
  /** A copy of the store as it was. */
  readonly copy: string;
  readonly story: readonly string[];
}

async function backUpAndCopy(
  server: Installation,
  type: 'full' | 'diff',
  story: readonly string[],
  flags: string[],
): Promise<Night> {
  const { status, json } = await kmsJsonInProcess([
    'backup',
    type,
    '--server-dir',
    server.serverDir,
    ...flags,
  ]);
  // A store of a few messages may lose most of them in a night.
  expect(status).toBe(json['isMassLoss'] === true ? 3 : 0);
  const archive = json['archive'] as string;
  expect(archive[0]).toBe(type === 'full' ? 'F' : 'I');
  const copy = join(dir, `night ${archive}`);
  expectDone(runTool('cp', ['-a', server.storeDir, copy]));
  return { archive: join(server.backupDir, archive), copy, story };
}

/** Recovers one point into a server of its own and says what differs from that night. */
async function recoverAndCompare(
  night: Night,
  options: CompareOptions = {},
): Promise<string[]> {
  const other = buildInstallation(join(dir, 'other'), {
    store: { mail: { stale: { 'old.eml': 'must go\r\n' } } },
  });
  expectDone(
    await kmsInProcess([
      'recover',
      night.archive,
      '--server-dir',
      other.serverDir,
      '--yes',
      '--quiet',
    ]),
  );
  const ignore = (path: string): boolean =>
    /(^|\/)search\.fld$|^\.kms-backup/.test(path);
  const differences = compareTrees(night.copy, other.storeDir, {
    ...options,
    ignore,
  });
  removeTemporary(other.serverDir);
  return differences;
}

describe('a store that changes from night to night', () => {
  for (const [seed, flags] of [
    [11, []],
    [12, ['--checksum']],
    [13, ['--volume-size', '100KB']],
    [14, ['--threads', '1']],
    [15, ['--threads', '3']],
  ] as const) {
    it(`is recovered exactly as it was in each of them (${String(seed)} ${flags.join(' ')})`, async () => {
      dir = temporaryDirectory('sequence');
      const random = new Random(seed);
      const server = buildInstallation(join(dir, 'server'), {
        store: randomStore(seed, { files: 90, maxBytes: 4000 }),
      });
      expectDone(
        await kmsInProcess([
          'config',
          'set',
          'keep-differentials=true',
          '--server-dir',
          server.serverDir,
        ]),
      );
      const store = new LivingStore(server.storeDir, random);
      // Told to go by content, a differential leaves out what only has another time.
      const compared = flags.some((flag) => flag === '--checksum')
        ? { mtimeToleranceNs: undefined }
        : {};
      const nights = [
        await backUpAndCopy(
          server,
          'full',
          [],
          flags.filter((flag) => flag !== '--checksum'),
        ),
      ];
      for (let night = 0; night < 4; night++) {
        nights.push(
          await backUpAndCopy(server, 'diff', store.live(random.int(1, 25)), [
            ...flags,
          ]),
        );
      }

      expect(
        readdirSync(server.backupDir).filter((name) =>
          /^I.*Z\.zip$/.test(name),
        ),
      ).toHaveLength(4);
      for (const night of nights) {
        expect(
          await recoverAndCompare(night, compared),
          `${night.archive}\n${night.story.join('\n')}`,
        ).toEqual([]);
      }
    });
  }

  it('keeps one differential, the newest, where the server is told to', async () => {
    dir = temporaryDirectory('sequence');
    const server = buildInstallation(join(dir, 'server'), {
      store: randomStore(16, { files: 30, maxBytes: 900 }),
    });
    const store = new LivingStore(server.storeDir, new Random(16));
    const full = await backUpAndCopy(server, 'full', [], []);
    await backUpAndCopy(server, 'diff', store.live(5), []);
    const second = await backUpAndCopy(server, 'diff', store.live(5), []);
    const kept = readdirSync(server.backupDir).filter((name) =>
      name.endsWith('.zip'),
    );
    expect(kept.map((name) => join(server.backupDir, name))).toEqual([
      full.archive,
      second.archive,
    ]);
    expect(await recoverAndCompare(second)).toEqual([]);
    expect(await recoverAndCompare(full)).toEqual([]);
  });
});
