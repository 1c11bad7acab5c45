import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  canFakeTime,
  canInject,
  kmsAt,
  kmsWithFaults,
  wasKilled,
} from '../helpers/faults.js';
import {
  buildInstallation,
  message,
  smallStore,
  type Installation,
} from '../helpers/installation.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import { Random } from '../helpers/random.js';
import {
  buildTree,
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  hasTool,
  kms,
  QUIET_ENVIRONMENT,
  runTool,
  type Ended,
  said,
  expectEnd,
} from '../helpers/tools.js';

/** How much further apart kills become; a third, where it is thorough. */
const FURTHER = process.env['KMS_TEST_THOROUGH'] === '1' ? 1 / 3 : 1;
/** Stopping takes less than a second; on a busy machine some. */
const SOON_MS = 10_000;
const ENOSPC = constants.errno.ENOSPC;
const random = new Random(9);
const STORE: Tree = {
  mail: {
    'example.com': {
      alice: {
        INBOX: {
          '#msgs': Object.fromEntries(
            Array.from({ length: 40 }, (_, i) => [
              `${i.toString(16).padStart(8, '0')}.eml`,
              message(`mail ${String(i)}`, random, 60_000),
            ]),
          ),
          'status.fld': 'S\r\n',
        },
      },
    },
  },
};
/** Long past: what runs without a false clock afterwards is newer. */
const EARLIER = '2024-01-10 01:00:00';
const FROZEN = '2024-01-15 01:00:00';
const FROZEN_STEM = 'F20240115T010000Z';

let dir = '';
let server: Installation;
beforeAll(() => {
  dir = temporaryDirectory('faults');
  server = buildInstallation(join(dir, 'server'), { store: STORE });
});
afterAll(() => {
  removeTemporary(dir);
});

const backUp = (backupDir: string, ...flags: string[]): Ended =>
  kms(fullArgs(backupDir, ...flags));
const fullArgs = (backupDir: string, ...flags: string[]): string[] => [
  ...[
    'backup',
    'full',
    '--server-dir',
    server.serverDir,
    '--backup-dir',
    backupDir,
  ],
  ...flags,
];
const archivesIn = (backupDir: string): string[] =>
  readdirSync(backupDir).filter((name) => name.endsWith('.zip'));
const leftovers = (backupDir: string): string[] =>
  readdirSync(backupDir).filter((name) => name.endsWith('.part'));

/** A new backup directory with one earlier archive, and what it must still be after any fault. */
function directoryWithArchive(): {
  backupDir: string;
  expectEarlierKept: () => void;
} {
  const template = join(dir, 'template');
  if (!existsSync(template)) {
    mkdirSync(template);
    expectDone(
      canFakeTime ? kmsAt(EARLIER, fullArgs(template)) : backUp(template),
    );
  }

  const backupDir = join(dir, `case-${String(readdirSync(dir).length)}`);
  cpSync(template, backupDir, { recursive: true, preserveTimestamps: true });
  const [earlier = ''] = archivesIn(template);
  const bytes = readFileSync(join(template, earlier));
  return {
    backupDir,
    expectEarlierKept: () => {
      expect(archivesIn(backupDir)).toContain(earlier);
      expect(readFileSync(join(backupDir, earlier)).equals(bytes)).toBe(true);
    },
  };
}

/** After a fault: what has a final name is sound, the earlier archive is untouched, and the next run cleans up. */
async function expectSane(
  backupDir: string,
  expectEarlierKept: () => void,
): Promise<void> {
  expectEarlierKept();
  expectDone(
    await kmsInProcess(['verify', backupDir, '--server-dir', server.serverDir]),
  );
  expectDone(await kmsInProcess(fullArgs(backupDir, '--no-rotate')));
  expect(leftovers(backupDir)).toEqual([]);
}

describe.skipIf(!canInject || !canFakeTime)(
  'a backup whose system calls fail (needs strace and faketime)',
  () => {
    const failing = (
      inject: string[],
      part = true,
    ): { ended: Ended; backupDir: string; keep: () => void } => {
      const { backupDir, expectEarlierKept } = directoryWithArchive();
      const paths = part
        ? { paths: [join(backupDir, `${FROZEN_STEM}.zip.part`)] }
        : {};
      const ended = kmsWithFaults(fullArgs(backupDir), {
        inject,
        frozenAt: FROZEN,
        ...paths,
      });
      return { ended, backupDir, keep: expectEarlierKept };
    };

    it('says that the disk is full, publishes nothing and leaves nothing', async () => {
      const { ended, backupDir, keep } = failing([
        'write,pwrite64:error=ENOSPC:when=2',
      ]);
      expectEnd(ended, 14, 'NO_SPACE');
      expect(archivesIn(backupDir)).toHaveLength(1);
      expect(leftovers(backupDir)).toEqual([]);
      await expectSane(backupDir, keep);
    });

    it('fails when the disk cannot write', async () => {
      const { ended, backupDir, keep } = failing([
        'write,pwrite64:error=EIO:when=1',
      ]);
      expectEnd(ended, 1, 'IO_ERROR');
      expect(archivesIn(backupDir)).toHaveLength(1);
      expect(leftovers(backupDir)).toEqual([]);
      await expectSane(backupDir, keep);
    });

    it('fails when the disk cannot sync', async () => {
      const { ended, backupDir, keep } = failing([
        'fsync,fdatasync:error=EIO:when=1',
      ]);
      expectEnd(ended, 1, 'IO_ERROR');
      expect(archivesIn(backupDir)).toHaveLength(1);
      await expectSane(backupDir, keep);
    });

    it('fails when the archive cannot be given its name', async () => {
      const { ended, backupDir, keep } = failing(['rename:error=EXDEV:when=1']);
      expectEnd(ended, 1, 'NOT_SUPPORTED');
      expect(archivesIn(backupDir)).toHaveLength(1);
      expect(leftovers(backupDir)).toEqual([]);
      await expectSane(backupDir, keep);
    });

    it('finds out by reading back that a write lied', async () => {
      const { ended, backupDir, keep } = failing([
        'write,pwrite64:retval=1000:when=1',
      ]);
      expectEnd(ended, 1, 'READ_BACK');
      expect(archivesIn(backupDir)).toHaveLength(1);
      expect(leftovers(backupDir)).toEqual([]);
      await expectSane(backupDir, keep);
    });

    it('finds out by reading back that the disk returns other bytes or none', async () => {
      const { ended, backupDir, keep } = failing([
        'read,pread64:error=EIO:when=1',
      ]);
      expectEnd(ended, 1, 'IO_ERROR');
      expect(archivesIn(backupDir)).toHaveLength(1);
      await expectSane(backupDir, keep);
    });

    it('names a message that cannot be read and keeps all others', async () => {
      const { backupDir, expectEarlierKept } = directoryWithArchive();
      const source = join(
        server.storeDir,
        'mail/example.com/alice/INBOX/#msgs/00000005.eml',
      );
      const ended = kmsWithFaults(fullArgs(backupDir), {
        inject: ['read,pread64:error=EIO'],
        paths: [source],
      });
      expect(said(ended)).toMatch(/^3 /);
      expect(said(ended)).toContain('00000005.eml');
      expect(archivesIn(backupDir)).toHaveLength(2);
      await expectSane(backupDir, expectEarlierKept);
    });

    it('names a directory that cannot be listed and keeps all others', () => {
      const { backupDir } = directoryWithArchive();
      const source = join(
        server.storeDir,
        'mail/example.com/alice/INBOX/#msgs',
      );
      const ended = kmsWithFaults(fullArgs(backupDir), {
        inject: ['getdents64:error=EIO'],
        paths: [source],
      });
      expect(said(ended)).toMatch(/^3 /);
      expect(said(ended)).toContain('INBOX');
    });

    for (const call of [
      'rename',
      'fsync',
      'unlink',
      'link',
      'write',
      'pwrite64',
    ] as const) {
      it(`killed at any ${call}, leaves the old archives, or the old and the new one`, async () => {
        // Of most calls there are many: every one of the first few, then further apart.
        const isWrite = call.endsWith('write') || call === 'pwrite64';
        let kills = 0;
        for (
          let when = 1;
          when < 60;
          when += call === 'rename' ? 1 : Math.ceil(when * FURTHER)
        ) {
          const { ended, backupDir, keep } = failing(
            [`${call}:signal=SIGKILL:when=${String(when)}`],
            isWrite,
          );
          if (!wasKilled(ended)) {
            expectDone(ended);
            break;
          }

          kills++;
          await expectSane(backupDir, keep);
          removeTemporary(backupDir);
        }

        // Which calls a run needs is its own affair; renaming and syncing it must.
        if (call === 'rename' || call === 'fsync') {
          expect(kills).toBeGreaterThan(0);
        }
      });
    }

    it('killed while it names the second of several volumes, leaves nothing that looks complete', async () => {
      for (let when = 1; when < 20; when++) {
        const { backupDir, expectEarlierKept } = directoryWithArchive();
        const inject = [`rename:signal=SIGKILL:when=${String(when)}`];
        const ended = kmsWithFaults(
          fullArgs(backupDir, '--volume-size', '700KB'),
          { inject, frozenAt: FROZEN },
        );
        if (!wasKilled(ended)) {
          expect(when).toBeGreaterThan(3);
          break;
        }

        const { stdout: list } = await kmsInProcess([
          'list-archives',
          backupDir,
          '--server-dir',
          server.serverDir,
        ]);
        if (!existsSync(join(backupDir, `${FROZEN_STEM}.zip`))) {
          expect(list).not.toMatch(new RegExp(`${FROZEN_STEM}.*yes`));
        }

        const recovered = buildInstallation(join(backupDir, 'recovered'));
        expectDone(
          await kmsInProcess([
            'recover',
            backupDir,
            '--server-dir',
            recovered.serverDir,
            '--yes',
          ]),
        );
        // The killed run's mark lies in the store until the next backup.
        const ignore = (path: string): boolean =>
          path.startsWith('.kms-backup-reading-');
        expect(
          compareTrees(server.storeDir, recovered.storeDir, {
            directoryTimes: false,
            ignore,
          }),
        ).toEqual([]);
        removeTemporary(join(backupDir, 'recovered'));
        expectDone(await kmsInProcess(fullArgs(backupDir, '--no-rotate')));
        expect(readdirSync(server.storeDir).filter(ignore)).toEqual([]);
        expectEarlierKept();
        expectDone(
          await kmsInProcess([
            'verify',
            backupDir,
            '--server-dir',
            server.serverDir,
          ]),
        );
        removeTemporary(backupDir);
      }
    });
  },
);

describe.skipIf(!canFakeTime)('the clock (needs faketime)', () => {
  it('may give two runs the same second: both get a name of their own', () => {
    const backupDir = join(dir, 'same-second');
    mkdirSync(backupDir);
    expectDone(kmsAt(FROZEN, fullArgs(backupDir)));
    expectDone(kmsAt(FROZEN, fullArgs(backupDir)));
    expect(archivesIn(backupDir)).toHaveLength(2);
    expect(archivesIn(backupDir)).toContain(`${FROZEN_STEM}.zip`);
  });

  it('that was set back is an error: the new archive would not be the newest', () => {
    const backupDir = join(dir, 'set-back');
    mkdirSync(backupDir);
    expectDone(kmsAt(FROZEN, fullArgs(backupDir)));
    const ended = kmsAt('2024-01-12 01:00:00', fullArgs(backupDir));
    expectEnd(ended, 1, 'FAILED');
    expect(said(ended)).toContain('clock');
    expect(archivesIn(backupDir)).toEqual([`${FROZEN_STEM}.zip`]);
    expect(leftovers(backupDir)).toEqual([]);
  });

  it('names archives in UTC whatever the zone', () => {
    const backupDir = join(dir, 'zone');
    mkdirSync(backupDir);
    expectDone(
      kmsAt('2024-01-15 02:00:00', fullArgs(backupDir), 'Europe/Prague'),
    );
    expect(archivesIn(backupDir)).toEqual([`${FROZEN_STEM}.zip`]);
  });
});

describe('two runs at once', () => {
  it('do not mix: each ends well under a name of its own, or says that the other holds the lock', async () => {
    const backupDir = join(dir, 'at-once');
    mkdirSync(backupDir);
    const codes = await Promise.all(
      [1, 2].map(() => startAndWait(fullArgs(backupDir))),
    );
    expect(codes.every((code) => code === 0 || code === 11)).toBe(true);
    expect(archivesIn(backupDir)).toHaveLength(
      codes.filter((code) => code === 0).length,
    );
    expectDone(kms(['verify', backupDir, '--server-dir', server.serverDir]));
  });

  it('wait for each other where they are told to', async () => {
    const backupDir = join(dir, 'one-after-other');
    mkdirSync(backupDir);
    const codes = await Promise.all(
      [1, 2].map(() => startAndWait(fullArgs(backupDir, '--lock-wait', '30s'))),
    );
    expect(codes).toEqual([0, 0]);
    expect(archivesIn(backupDir)).toHaveLength(2);
  });
});

function startAndWait(args: string[]): Promise<number | null> {
  const child = spawn(process.execPath, [BINARY, ...args], {
    stdio: 'ignore',
    env: { ...process.env, ...QUIET_ENVIRONMENT },
  });
  return new Promise((resolve) => child.on('close', resolve));
}

describe('a run that is asked to stop', () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`by ${signal} ends with ${String(code)}, and its temporary files are gone`, async () => {
      const { backupDir, expectEarlierKept } = directoryWithArchive();
      const big = join(server.storeDir, 'mail/example.com/alice/big.mbox');
      writeFileSync(big, message('big', random, 60_000_000));
      try {
        const child = spawn(
          process.execPath,
          [BINARY, ...fullArgs(backupDir, '--threads', '1', '--level', '9')],
          {
            stdio: ['ignore', 'ignore', 'pipe'],
            env: { ...process.env, ...QUIET_ENVIRONMENT },
          },
        );
        let errors = '';
        child.stderr
          .setEncoding('utf8')
          .on('data', (text: string) => (errors += text));
        const closed = new Promise((resolve) => child.on('close', resolve));
        while (leftovers(backupDir).length === 0 && child.exitCode === null) {
          await new Promise((r) => setTimeout(r, 5));
        }

        const asked = performance.now();
        child.kill(signal);
        expect(await closed).toBe(code);
        expect(performance.now() - asked).toBeLessThan(SOON_MS);
        expect(errors).toMatch(/untouched|kept/);
        expect(leftovers(backupDir)).toEqual([]);
        expect(archivesIn(backupDir)).toHaveLength(1);
        expectEarlierKept();
      } finally {
        rmSync(big);
      }
    });
  }
});

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

describe('a backup directory', () => {
  it('that is missing with its parent is not found', () => {
    expectEnd(backUp(join(dir, 'no', 'such', 'directory')), 10, 'NOT_FOUND');
    expect(existsSync(join(dir, 'no'))).toBe(false);
  });

  it('that is a file is wrong usage, and the file stays', () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, 'precious');
    expectEnd(backUp(file), 2, 'USAGE');
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('that is a dangling link is an error', () => {
    const link = join(dir, 'dangling');
    symlinkSync(join(dir, 'nowhere', 'at', 'all'), link);
    expectEnd(backUp(link), 10, 'NOT_FOUND');
  });

  it.skipIf(!hasTool('setpriv'))(
    'that cannot be written is an error that says so (needs setpriv)',
    () => {
      const { backupDir, expectEarlierKept } = directoryWithArchive();
      chmodSync(backupDir, 0o500);
      const bounded = [
        '--bounding-set',
        '-dac_override,-dac_read_search',
        '--inh-caps',
        '-all',
        process.execPath,
        BINARY,
      ];
      const ended = runTool('setpriv', [...bounded, ...fullArgs(backupDir)], {
        env: QUIET_ENVIRONMENT,
      });
      chmodSync(backupDir, 0o700);
      expectEnd(ended, 1, 'NO_PERMISSION');
      expectEarlierKept();
    },
  );

  it.skipIf(!canMount)(
    'that is full is exit 14, and the earlier archive stays (needs mount)',
    () => {
      const mount = join(dir, 'small-disk');
      mkdirSync(mount);
      const script = [
        `mount -t tmpfs -o size=2m tmpfs '${mount}'`,
        `cp '${join(dir, 'template')}'/*.zip '${mount}' 2>/dev/null; truncate -s 0 '${mount}/F20200101T000000Z.zip'`,
        `'${process.execPath}' '${BINARY}' backup full --server-dir '${server.serverDir}' --backup-dir '${mount}' --no-rotate`,
        'code=$?',
        `ls -A '${mount}'`,
        'exit $code',
      ];
      directoryWithArchive();
      const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
        env: QUIET_ENVIRONMENT,
      });
      expectEnd(ended, 14, 'NO_SPACE');
      expect(ended.stdout).not.toContain('.part');
    },
  );

  it.skipIf(!canMount)(
    'without room for another file is exit 14 (needs mount)',
    () => {
      const mount = join(dir, 'no-inodes');
      mkdirSync(mount);
      const script = [
        `mount -t tmpfs -o size=50m,nr_inodes=3 tmpfs '${mount}'`,
        `touch '${mount}/one' '${mount}/two' 2>/dev/null`,
        `'${process.execPath}' '${BINARY}' backup full --server-dir '${server.serverDir}' --backup-dir '${mount}'`,
      ];
      const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
        env: QUIET_ENVIRONMENT,
      });
      expectEnd(ended, 14, 'NO_SPACE');
    },
  );
});

describe('a mailserver.cfg', () => {
  const withConfig = (
    name: string,
    config: string | undefined,
  ): { ended: Ended; broken: Installation } => {
    const broken = buildInstallation(join(dir, `cfg-${name}`), {
      store: smallStore(),
    });
    const path = join(broken.serverDir, 'mailserver.cfg');
    if (config === undefined) rmSync(path);
    else writeFileSync(path, config);
    const ended = kms([
      'backup',
      'full',
      '--server-dir',
      broken.serverDir,
      '--backup-dir',
      broken.backupDir,
    ]);
    expect(readdirSync(broken.backupDir)).toEqual([]);
    return { ended, broken };
  };

  const sample = (): string =>
    readFileSync(join(server.serverDir, 'mailserver.cfg'), 'utf8');

  it('that is missing is not found', () => {
    expectEnd(withConfig('missing', undefined).ended, 10, 'NOT_FOUND');
  });
  it('that is empty is a wrong configuration', () => {
    expectEnd(withConfig('empty', '').ended, 2, 'CONFIGURATION');
  });
  it('that is cut off anywhere is a wrong configuration', () => {
    const whole = sample();
    for (const share of [0.1, 0.4, 0.7, 0.95]) {
      const cut = whole.slice(0, Math.floor(whole.length * share));
      const { ended } = withConfig(`cut-${String(share * 100)}`, cut);
      expectEnd(ended, 2, 'CONFIGURATION');
      expect(said(ended)).toContain('mailserver.cfg');
    }
  });
  it('that is no XML is a wrong configuration', () => {
    expectEnd(withConfig('text', 'StoreDir = /x\n').ended, 2, 'CONFIGURATION');
    expectEnd(withConfig('binary', '\0\u0001\u0002').ended, 2, 'CONFIGURATION');
  });
  it('with another root or a DOCTYPE is a wrong configuration', () => {
    expectEnd(
      withConfig('root', '<settings></settings>').ended,
      2,
      'CONFIGURATION',
    );
    const bomb = `<!DOCTYPE config [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\r\n${sample()}`;
    expectEnd(withConfig('doctype', bomb).ended, 2, 'CONFIGURATION');
  });
  it('that names a store which does not exist is a wrong configuration', () => {
    const moved = sample().replaceAll(
      `${server.storeDir}/`,
      join(dir, 'no-such-store/'),
    );
    const { ended } = withConfig('store', moved);
    expectEnd(ended, 2, 'CONFIGURATION');
    expect(said(ended)).toContain('no-such-store');
  });
  it('without a store directory falls back to the default, or says so', () => {
    const without = sample().replace(
      / {2}<variable name="StoreDir">.*\r\n/,
      '',
    );
    const { ended, broken } = withoutCheck('nostore', without);
    if (ended.status === 0) {
      expect(archivesIn(broken.backupDir)).toHaveLength(1);
    } else {
      expectEnd(ended, 2, 'CONFIGURATION');
    }
  });
  it('with a volume size that is no number is a wrong configuration', () => {
    expectEnd(
      withConfig('size', sample().replace('2147483647', 'plenty')).ended,
      2,
      'CONFIGURATION',
    );
  });

  const withoutCheck = (
    name: string,
    config: string,
  ): { ended: Ended; broken: Installation } => {
    const broken = buildInstallation(join(dir, `cfg-${name}`), {
      store: smallStore(),
    });
    writeFileSync(join(broken.serverDir, 'mailserver.cfg'), config);
    return {
      ended: kms([
        'backup',
        'full',
        '--server-dir',
        broken.serverDir,
        '--backup-dir',
        broken.backupDir,
      ]),
      broken,
    };
  };
});

describe.skipIf(!canInject)('a recover that dies (needs strace)', () => {
  const OLD: Tree = {
    mail: {
      'example.com': {
        bob: { INBOX: { '#msgs': { '00000001.eml': 'old mail of bob\r\n' } } },
      },
    },
  };
  let place = '';
  afterEach(() => {
    removeTemporary(place);
  });

  it.skipIf(!canRefuse)(
    'for want of space leaves the old store as it was',
    () => {
      const { backupDir } = directoryWithArchive();
      place = join(dir, 'recover-space');
      const target = buildInstallation(join(place, 'server'), { store: OLD });
      buildTree(join(place, 'old'), OLD);
      const args = [
        'recover',
        backupDir,
        '--server-dir',
        target.serverDir,
        '--yes',
      ];
      const ended = kmsRefused(args, {
        call: 'write',
        below: target.storeDir,
        errno: ENOSPC,
        first: 3,
      });
      expectEnd(ended, 14, 'NO_SPACE');
      expect(
        compareTrees(join(place, 'old'), target.storeDir, {
          directoryTimes: false,
        }),
      ).toEqual([]);
    },
  );

  it('from an archive with a damaged message leaves the old store as it was', () => {
    const { backupDir } = directoryWithArchive();
    place = join(dir, 'recover-damaged');
    const target = buildInstallation(join(place, 'server'), { store: OLD });
    buildTree(join(place, 'old'), OLD);
    const [name = ''] = archivesIn(backupDir);
    const bytes = readFileSync(join(backupDir, name));
    for (const at of [0.3, 0.6]) {
      const damaged = Buffer.from(bytes);
      const position = Math.floor(bytes.length * at);
      damaged.writeUInt8(damaged.readUInt8(position) ^ 0x10, position);
      writeFileSync(join(backupDir, name), damaged);
      const ended = kms([
        'recover',
        join(backupDir, name),
        '--server-dir',
        target.serverDir,
        '--yes',
      ]);
      expectEnd(ended, 4, 'DAMAGED_ARCHIVE');
      expect(
        compareTrees(join(place, 'old'), target.storeDir, {
          directoryTimes: false,
        }),
      ).toEqual([]);
    }

    truncateSync(join(backupDir, name), bytes.length - 5);
    expectEnd(
      kms(['recover', backupDir, '--server-dir', target.serverDir, '--yes']),
      4,
      'DAMAGED_ARCHIVE',
    );
    expect(
      compareTrees(join(place, 'old'), target.storeDir, {
        directoryTimes: false,
      }),
    ).toEqual([]);
  });
});
