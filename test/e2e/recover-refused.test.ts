import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
  said,
} from '../helpers/tools.js';

/** What stands in the way of a swap is found before it, and where it shows in the middle the old state comes back by itself. */

const isThorough = process.env['KMS_TEST_THOROUGH'] !== undefined;
const EIO = 5;
const mailbox = (who: string): Tree => ({
  INBOX: { '#msgs': { '00000001.eml': message(who) }, 'status.fld': who },
});
const storeOf = (who: string): Tree => ({
  lists: { l: { 'a.cfg': who } },
  mail: {
    'example.com': { alice: mailbox(who), bob: mailbox(`${who} too`) },
    'example.org': { carol: mailbox(who) },
  },
});

let dir = '';
let backupDir = '';
let before = '';
let server: Installation;

const at = (...words: string[]): string[] => [
  ...words,
  '--server-dir',
  server.serverDir,
];
const bring = (...flags: string[]): string[] =>
  at('recover', backupDir, '--yes', ...flags);
const undo = (): string[] => at('recover', '--rollback', '--yes');
const reset = (): void => {
  rmSync(server.serverDir, { recursive: true, force: true });
  expectDone(runTool('cp', ['-a', before, server.serverDir]));
};

const expectBefore = (where: string): void => {
  const differences = compareTrees(before, server.serverDir, {
    ignore: (path) => path.includes('.kms-backup'),
  });
  expect(
    differences.filter((line) => !/ns: store\/$/.test(line)),
    where,
  ).toEqual([]);
};

/** What a recover renames, but its locks. */
const places = (): string =>
  [
    ...['.kms-backup-recover', 'mailserver.cfg', 'users.cfg'].map((name) =>
      join(server.serverDir, name),
    ),
    ...['.kms-backup-recover', 'lists', 'mail'].map((name) =>
      join(server.storeDir, name),
    ),
  ].join(':');

const leftovers = (): string[] =>
  [server.serverDir, server.storeDir].flatMap((place) =>
    readdirSync(place).filter((name) => name.startsWith('.kms')),
  );

beforeAll(async () => {
  dir = temporaryDirectory('refused');
  mkdirSync((backupDir = join(dir, 'backups')));
  const place = join(dir, 'server');
  server = buildInstallation(place, { store: storeOf('archived'), backupDir });
  expectDone(await kmsInProcess(at('backup', 'full')));
  rmSync(place, { recursive: true });
  server = buildInstallation(place, { store: storeOf('live'), backupDir });
  before = join(dir, 'before');
  expectDone(runTool('cp', ['-a', place, before]));
});
beforeEach(reset);
afterAll(() => {
  removeTemporary(dir);
});

describe.runIf(canRefuse)('a rename that is refused in the swap', () => {
  for (const flags of [[], ['-d', 'example.com'], ['--no-keep-old']]) {
    it(`leaves the old state whole, or the new one (${flags.join(' ') || 'whole'})`, async () => {
      let undone = 0;
      for (let first = 1; ; first += isThorough ? 1 : 3) {
        reset();
        const ended = kmsRefused(bring(...flags), {
          call: 'rename',
          below: places(),
          errno: EIO,
          first,
          times: 1,
        });
        if (ended.status === 0) {
          if (!ended.stderr.includes('Warning')) break;

          expectDone(await kmsInProcess(at('backup', 'full')));
          continue;
        }

        expect(said(ended), String(first)).toMatch(
          /^1 .*Code: IO_ERROR.*Nothing was changed/s,
        );
        expectBefore(String(first));
        expect(leftovers(), String(first)).toEqual([]);
        undone++;
      }

      expect(undone).toBeGreaterThan(isThorough ? 3 : 0);
    });
  }

  it('and with every one after it leaves a journal, and says how to go back', async () => {
    let stuck = 0;
    for (let first = 1; ; first += isThorough ? 1 : 3) {
      reset();
      const ended = kmsRefused(bring(), {
        call: 'rename',
        below: places(),
        errno: EIO,
        first,
      });
      if (ended.status === 0) break;

      if (ended.stderr.includes('half old, half new')) {
        expect(said(ended)).toMatch(
          /^1 .*Code: FAILED.*then run recover --rollback/s,
        );
        expectDone(await kmsInProcess(undo()));
        stuck++;
      }

      expectBefore(String(first));
    }

    expect(stuck).toBeGreaterThan(0);
  });
});

it.runIf(canInject && canRefuse)(
  'a recover that died, and that cannot be completed, is undone by itself',
  () => {
    const paths = [join(server.storeDir, '.kms-backup-recover/new/mail')];
    const died = kmsWithFaults(bring(), {
      inject: ['rename:signal=SIGKILL:when=1'],
      paths,
    });
    expect(wasKilled(died), said(died)).toBe(true);

    const ended = kmsRefused(bring(), {
      call: 'rename',
      below: paths[0] ?? '',
      errno: EIO,
      times: 1,
    });
    expect(said(ended)).toMatch(
      /^1 .*Code: IO_ERROR.*the state before it is back/s,
    );
    expectBefore('after the second call');
    expect(leftovers()).toEqual([]);
  },
);

describe('before anything is extracted', () => {
  it.each([
    ['mail/example.com/alice/INBOX', []],
    ['mail/example.com/alice/INBOX', ['-u', 'alice']],
    ['mail/example.com/alice/INBOX', ['--in-place']],
  ])(
    'a disk that is mounted deep in what is replaced is named: %s %j',
    (place, flags) => {
      const mount = join(server.storeDir, place);
      const words = bring(...flags)
        .map((word) => `'${word}'`)
        .join(' ');
      const script = [
        `mount -t tmpfs -o size=1m tmpfs '${mount}' || exit 77`,
        `echo mounted > '${mount}/x'`,
        `'${process.execPath}' '${BINARY}' ${words}`,
        'code=$?',
        `cat '${mount}/x'; umount '${mount}'; exit $code`,
      ];
      const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
        env: QUIET_ENVIRONMENT,
      });
      if (ended.status === 77 || /unshare/.test(ended.stderr)) return;

      expect(said(ended)).toMatch(
        /^1 .*something is mounted in it, on .*INBOX.*Code: BUSY.*\nmounted\n$/s,
      );
      expectBefore(place);
      expect(leftovers()).toEqual([]);
    },
  );

  it.each(['+i', '+a'])(
    'a protected directory (chattr %s) is named wherever it is in the way',
    async (flag) => {
      for (const [place, flags] of [
        ['mail', []],
        ['mail/example.com', ['-u', 'alice', '-d', 'example.com']],
        ['mail/example.com/alice', ['-u', 'alice', '-d', 'example.com']],
        ['mail/example.com/alice/INBOX', ['-f', 'INBOX', '--user=alice']],
      ] as const) {
        const path = join(server.storeDir, place);
        if (runTool('chattr', [flag, path]).status !== 0) return;

        const more = flags.length > 2 ? [] : ['-d', 'example.com'];
        const scope = flags.length === 0 ? [] : [...flags, ...more];
        const ended = await kmsInProcess(bring(...scope));
        expectDone(runTool('chattr', ['-i', '-a', path]));
        expect(said(ended), place).toMatch(
          /^1 .*cannot be replaced.*Code: NO_PERMISSION/s,
        );
        expectBefore(place);
        expect(existsSync(join(server.storeDir, '.kms-backup-recover'))).toBe(
          false,
        );
      }
    },
  );
});

it('where there is no room to keep what would be lost, the recover asks for a flag; without a loss it goes on', () => {
  const mount = join(dir, 'disk');
  mkdirSync(mount);
  const recover = (flags: string): string =>
    `'${process.execPath}' '${BINARY}' recover '${dir}/full' --server-dir '${mount}/server' -u alice --yes --quiet ${flags}; echo "$?:"`;
  const mail = `${mount}/server/store/mail/example.com/alice/INBOX/#msgs`;
  const script = [
    `mount -t tmpfs -o size=40m tmpfs '${mount}' || exit 77`,
    `cp -a '${before}' '${mount}/server' && cd '${mount}/server'`,
    `sed -i 's|${server.serverDir}|${mount}/server|' mailserver.cfg`,
    `head -c 8000000 /dev/urandom > '${mail}/00000002.eml'`,
    `mkdir '${dir}/full'`,
    `'${process.execPath}' '${BINARY}' backup full --server-dir . --backup-dir '${dir}/full' --quiet || exit 2`,
    `echo new > '${mail}/00000003.eml'`,
    // What is left is what the new state needs, and half of what is reserved.
    `left=$(df --output=avail -B1 . | tail -1)`,
    `head -c $((left - 8500000)) /dev/zero > filler`,
    recover(''),
    recover('--no-keep-old --dry-run'),
    recover('--keep-old --dry-run'),
    `rm '${mail}/00000003.eml'`,
    recover('--dry-run'),
    `rm -r '${dir}/full'`,
  ];
  const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
    env: QUIET_ENVIRONMENT,
  });
  if (ended.status === 77 || /unshare/.test(ended.stderr)) return;

  expect(said(ended)).toMatch(/14:\n[^]*0:\n[^]*0:\n[^]*0:\n/);
  expect(ended.stderr).toMatch(
    /cannot be kept for a rollback.*Code: NO_SPACE.*--forget.*--no-keep-old.*--in-place/s,
  );
  expect(ended.stdout).toContain('no rollback is possible');
});
