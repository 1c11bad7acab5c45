import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  kms,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const { EIO, EOPNOTSUPP, EPERM } = constants.errno;
/** Where Node has no name for it. */
const EDQUOT = 122;

let dir = '';
let server: Installation;
beforeEach(() => {
  dir = temporaryDirectory('limits');
  mkdirSync(join(dir, 'backup'));
  server = buildInstallation(join(dir, 'server'), {
    keep: 2,
    backupDir: join(dir, 'backup'),
  });
});
afterEach(() => {
  removeTemporary(dir);
});

const at = (): string[] => ['--server-dir', server.serverDir];
const notes = (stderr: string): string[] =>
  stderr.split('\n').filter((line) => line.startsWith('Note: '));
const archives = (): string[] =>
  readdirSync(server.backupDir).filter((name) => name.endsWith('.zip'));

describe.skipIf(!canRefuse)(
  'a backup disk that does not offer all (needs gcc)',
  () => {
    beforeEach(() => {
      expectDone(kms(['backup', 'full', ...at()]));
    });

    it('takes backups without rights and directory syncs, says each once, and rotation counts them', () => {
      const refused = {
        call: 'chmod,fsync,syncdir',
        below: server.backupDir,
        errno: EOPNOTSUPP,
      };
      const second = kmsRefused(['backup', 'full', ...at()], refused);
      expectDone(second);
      const about = [
        /to sync a file \(E/,
        /to sync a directory \(E/,
        /to set the rights of a file \(E/,
      ];
      expect(notes(second.stderr).sort()).toHaveLength(3);
      for (const one of about) {
        expect(
          notes(second.stderr).filter((note) => one.test(note)),
        ).toHaveLength(1);
      }

      const third = kmsRefused(['backup', 'full', ...at(), '--quiet'], {
        ...refused,
        call: 'chmod',
        errno: EPERM,
      });
      expect([third.status, third.stderr]).toEqual([0, '']);
      expect(archives()).toHaveLength(2);
    });

    it('whose quota is used up is exit 14, although Node has no name for that', () => {
      const ended = kmsRefused(['backup', 'full', ...at()], {
        call: 'write',
        below: server.backupDir,
        errno: EDQUOT,
        first: 3,
      });
      expect([ended.status, ended.stderr]).toEqual([
        14,
        expect.stringMatching(/quota .*is used up\nCode: NO_SPACE\n/),
      ]);
      expect(archives()).toHaveLength(1);
    });
  },
);

describe.skipIf(!canRefuse)(
  'a recover into a store that does not take owners, rights and times (needs gcc)',
  () => {
    it('brings all bytes and says what it did without', () => {
      expectDone(kms(['backup', 'full', ...at()]));
      const target = buildInstallation(join(dir, 'other'), { store: {} });
      const args = [
        'recover',
        server.backupDir,
        '--server-dir',
        target.serverDir,
        '--yes',
      ];
      const ended = kmsRefused(args, {
        call: 'chmod,chown,utimes',
        below: target.storeDir,
        errno: EPERM,
      });
      expectDone(ended);
      expect(notes(ended.stderr).length).toBeGreaterThan(0);
      expect(
        compareTrees(server.storeDir, target.storeDir, {
          mtimeToleranceNs: undefined,
          directoryTimes: false,
          modes: false,
        }),
      ).toEqual([]);
    });
  },
);

describe.skipIf(!canRefuse)(
  'an edit whose directory cannot be synced (needs gcc)',
  () => {
    it.each([
      ['config set', ['config', 'set', 'keep=5']],
      [
        'schedule add',
        [
          'schedule',
          'add',
          '--type',
          'full',
          '--day',
          'sun',
          '--time',
          '01:00',
        ],
      ],
      ['log enable', ['log', 'enable', 'store-backup']],
    ])('%s is there, with a warning', (_, words) => {
      const config = join(server.serverDir, 'mailserver.cfg');
      const before = readFileSync(config, 'utf8');
      const ended = kmsRefused([...words, ...at()], {
        call: 'syncdir',
        below: server.serverDir,
        errno: EIO,
      });
      expect([ended.status, ended.stderr]).toEqual([
        0,
        expect.stringMatching(
          /^Warning: .*mailserver\.cfg is written, but may be as before after a power cut: .*\(EIO\)$/m,
        ),
      ]);
      expect(readFileSync(config, 'utf8')).not.toBe(before);
      expect(statSync(config).isFile()).toBe(true);
    });
  },
);

describe.skipIf(!canRefuse)('a store that went away (needs gcc)', () => {
  const ESTALE = 116;
  beforeEach(() => {
    expectDone(kms(['backup', 'full', ...at()]));
    expectDone(kms(['backup', 'full', ...at()]));
  });

  it.each([
    ['cannot be listed', { call: 'readdir', below: 'mail' }],
    ['not one message be read', { call: 'read,open', below: 'mail' }],
  ])(
    'whose mail %s leaves no archive, and removes none',
    (_, { call, below }) => {
      const before = archives();
      const refused = {
        call,
        below: join(server.storeDir, below),
        errno: ESTALE,
      };
      const ended = kmsRefused(['backup', 'full', ...at()], refused);
      expect([ended.status, ended.stderr]).toEqual([
        1,
        expect.stringMatching(/\(ESTALE\)\nCode: NOT_REACHABLE\n/),
      ]);
      expect(archives()).toEqual(before);
    },
  );

  it('for one message only names it, and removes no archive', () => {
    const before = archives();
    const refused = {
      call: 'read',
      below: join(server.storeDir, 'mail'),
      errno: ESTALE,
      times: 1,
    };
    const ended = kmsRefused(['backup', 'full', ...at()], refused);
    expect([ended.status, ended.stderr]).toEqual([
      3,
      expect.stringContaining('no archive is removed in this run'),
    ]);
    expect(archives()).toEqual(expect.arrayContaining(before));
  });
});

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

describe.skipIf(!canMount)(
  'a backup disk that is full to the last byte (needs mount)',
  () => {
    it.each([
      [
        'bytes',
        'size=1m',
        'head -c 2000000 /dev/zero > fill 2>/dev/null; for n in 1 2 3 4 5 6 7 8; do head -c 100 /dev/zero > "fill$n" 2>/dev/null; done',
      ],
      [
        'inodes',
        'size=5m,nr_inodes=12',
        'n=0; while touch "fill$n" 2>/dev/null; do n=$((n+1)); done',
      ],
    ])('is made room on by rotate, without %s for a lock', (_, size, fill) => {
      const run = `'${process.execPath}' '${BINARY}'`;
      const script = [
        `mount -t tmpfs -o ${size} tmpfs '${server.backupDir}' && cd '${server.backupDir}' || exit 77`,
        `for n in 1 2 3; do ${run} backup full --no-rotate --server-dir '${server.serverDir}' >/dev/null || exit 76; done`,
        fill,
        `${run} backup full --no-rotate --server-dir '${server.serverDir}' >/dev/null 2>&1; echo "backup $?"`,
        `${run} rotate --keep 1 --server-dir '${server.serverDir}'; echo "rotate $?"`,
        'ls *.zip | wc -l',
      ];
      const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
        env: QUIET_ENVIRONMENT,
      });
      expect(ended.stdout + ended.stderr).toMatch(
        /^backup 14\n[^]*rotate 0\n1\n$/,
      );
      expect(ended.stdout.match(/^REMOVED? .*F\d{8}/gim)).toHaveLength(2);
    });
  },
);

describe.skipIf(!canRefuse)(
  'a call that a signal interrupts (needs gcc)',
  () => {
    const EINTR = 4;

    it.each([
      ['backup full', 'store', ['backup', 'full']],
      ['verify', 'backup', ['verify']],
    ])('does not disturb %s', (_, side, words) => {
      expectDone(kms(['backup', 'full', ...at()]));
      const below = side === 'store' ? server.storeDir : server.backupDir;
      expectDone(
        kmsRefused([...words, ...at()], {
          call: 'read',
          below,
          errno: EINTR,
          times: 3,
        }),
      );
    });
  },
);
