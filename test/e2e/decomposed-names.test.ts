import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  message,
  type Installation,
} from '../helpers/installation.js';
import {
  buildTree,
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { expectDone, kms, kmsJson, type Json } from '../helpers/tools.js';

const PROGRAM = fileURLToPath(
  new URL('../helpers/decomposed_names.py', import.meta.url),
);
/** The one that Debian's python3-fusepy is for. */
const PYTHON = '/usr/bin/python3';
const UNMOUNT = '/usr/bin/fusermount3';
const canMount =
  existsSync('/dev/fuse') &&
  spawnSync(PYTHON, ['-c', 'import fusepy']).status === 0;

/** Composed, as Linux keeps them; the disk gives them back decomposed. */
const STORE: Tree = {
  mail: {
    'example.com': {
      jürgen: {
        INBOX: {
          '#msgs': {
            '00000001.eml': message('one'),
            '00000002.eml': message('two'),
          },
          'status.fld': 'S\r\n',
        },
        'Gesendete Objekte': {
          '&AMQ-rzte': {
            '#msgs': { '00000001.eml': message('an Ärzte') },
            'status.fld': 'S\r\n',
          },
        },
        Büro: {
          '#msgs': { '0000000a.eml': message('three') },
          'status.fld': 'S\r\n',
        },
      },
    },
  },
};

/** Node copies times in milliseconds. */
const COPIED_NS = 1_000_000n;

let dir = '';
let disk = '';
let mounted: ChildProcess | undefined;
let server: Installation;
beforeAll(async () => {
  dir = temporaryDirectory('decomposed');
  disk = join(dir, 'disk');
  for (const name of ['disk', 'content']) mkdirSync(join(dir, name));
  if (!canMount) return;
  // Should this process be killed, the disk unmounts itself all the same.
  mounted = spawn(
    'timeout',
    ['-k', '5', '300', PYTHON, PROGRAM, join(dir, 'content'), disk],
    { stdio: 'ignore' },
  );
  for (let tries = 0; statSync(disk).dev === statSync(dir).dev; tries++) {
    if (tries > 400) throw new Error('the disk was not mounted');
    await sleep(50);
  }

  server = buildInstallation(join(disk, 'server'), {
    store: STORE,
    backupDir: join(disk, 'Sicherung für alle'),
  });
  expectDone(run('backup', 'full'));
});
afterAll(async () => {
  await unmount();
  removeTemporary(dir);
});

/** Asked to end, the program unmounts the disk; one that does not answer loses it. */
async function unmount(): Promise<void> {
  if (mounted === undefined) return;
  const ended = mounted.exitCode === null ? once(mounted, 'exit') : undefined;
  mounted.kill('SIGTERM');
  await Promise.race([ended, sleep(5_000, undefined, { ref: false })]);
  spawnSync(UNMOUNT, ['-uzq', disk], { timeout: 5_000 });
  await ended;
}

const run = (...words: string[]): ReturnType<typeof kms> =>
  kms([...words, '--server-dir', server.serverDir]);
const nothingChanged = (files = 0): void => {
  const { json } = kmsJson([
    'backup',
    'diff',
    '--server-dir',
    server.serverDir,
  ]);
  expect(json['messages']).toMatchObject({
    new: 0,
    changed: 0,
    unchanged: 4,
    deleted: 0,
  });
  expect(json['files']).toBe(files);
};

describe.skipIf(!canMount)(
  'a disk that decomposes names (needs python3-fusepy and /dev/fuse)',
  () => {
    it('gives names back decomposed and finds them in any case', () => {
      const names = readdirSync(join(server.storeDir, 'mail/example.com'));
      expect(names).toEqual(['jürgen'.normalize('NFD')]);
      expect(existsSync(join(server.storeDir, 'mail/example.com/JÜRGEN'))).toBe(
        true,
      );
    });

    it('has changed nothing where nothing changed', () => {
      nothingChanged();
    });

    it('is as it was after a recover, and has changed nothing then', () => {
      const copy = join(dir, 'copy');
      rmSync(copy, { recursive: true, force: true });
      cpSync(server.storeDir, copy, {
        recursive: true,
        preserveTimestamps: true,
      });
      rmSync(join(server.storeDir, 'mail'), { recursive: true });
      expectDone(run('recover', server.backupDir, '--yes'));
      expect(
        compareTrees(copy, server.storeDir, {
          directoryTimes: false,
          mtimeToleranceNs: COPIED_NS,
        }),
      ).toEqual([]);
      nothingChanged();
    });

    it('finds users and folders as people type them: composed, and in any case', () => {
      const folder = join(server.storeDir, 'mail/example.com/jürgen/Büro');
      const moved = join(dir, 'moved');
      renameToOtherDisk(folder, moved);
      expectDone(
        run(
          'recover',
          server.backupDir,
          '-d',
          'EXAMPLE.com',
          '-u',
          'Jürgen',
          '-f',
          'Büro',
          '--yes',
        ),
      );
      expect(
        compareTrees(moved, folder, {
          directoryTimes: false,
          mtimeToleranceNs: COPIED_NS,
        }),
      ).toEqual([]);
      const found = run(
        'search',
        server.backupDir,
        '-d',
        'example.com',
        '-u',
        'jürgen',
        '--subject',
        'three',
      );
      expect([found.status, found.stdout]).toEqual([
        0,
        expect.stringContaining('jürgen/Büro/0000000a'),
      ]);
    });

    it('gets no message twice by an additive recover', () => {
      const { json } = kmsJson([
        ...[
          'recover',
          server.backupDir,
          '-d',
          'example.com',
          '-u',
          'jürgen',
          '--additive',
          '--yes',
        ],
        ...['--server-dir', server.serverDir],
      ]);
      expect(json['additive']).toMatchObject({
        add: 0,
        skip: 4,
      } satisfies Json);
      nothingChanged();
    });

    it('gets an archive of a disk that composes, and has changed nothing then', () => {
      const linux = buildInstallation(join(dir, 'linux'), { store: STORE });
      expectDone(kms(['backup', 'full', '--server-dir', linux.serverDir]));
      rmSync(server.backupDir, { recursive: true });
      cpSync(linux.backupDir, server.backupDir, { recursive: true });
      expectDone(run('recover', server.backupDir, '--mask', 'mail', '--yes'));
      nothingChanged(2); // the configuration is this server's own
    });

    it('refuses an archive whose names differ in their case alone, before anything is changed', () => {
      const twins = buildInstallation(join(dir, 'twins'), { store: STORE });
      buildTree(join(twins.storeDir, 'mail/example.com/jürgen'), {
        BÜRO: { 'status.fld': 'other' },
      });
      expectDone(kms(['backup', 'full', '--server-dir', twins.serverDir]));
      // Where earlier recovers keep something, only the empty place of what comes goes again.
      const names = (): string[] =>
        readdirSync(server.storeDir, { recursive: true, encoding: 'utf8' })
          .filter((name) => name !== '.kms-backup-recover/new')
          .sort();
      const before = names();
      const ended = run('recover', twins.backupDir, '--yes');
      expect([ended.status, ended.stderr]).toEqual([
        4,
        expect.stringContaining('would become one file here'),
      ]);
      expect(names()).toEqual(before);
    });
  },
);

function renameToOtherDisk(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  rmSync(from, { recursive: true });
}
