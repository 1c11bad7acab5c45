import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import { storageAt } from '../../src/archive/storages.js';
import { newestPoint } from '../../src/archive/completeness.js';
import BackupDiff from '../../src/commands/backup/diff.js';
import BackupFull from '../../src/commands/backup/full.js';
import Recover from '../../src/commands/recover.js';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
  smallStore,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, runTool } from '../helpers/tools.js';

let dir = '';
let server: Installation;
let template = '';
let before = '';

/** A full of several volumes and its differential, with the limit of one: each backup here removes something. */
beforeAll(async () => {
  dir = temporaryDirectory('set-crash');
  server = buildInstallation(join(dir, 'server'), {
    store: smallStore(),
    keep: 1,
    volumeSizeBytes: 65_536,
  });
  const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');
  for (let i = 10; i < 110; i++) {
    writeFileSync(
      join(inbox, `000000${String(i)}.eml`),
      message(`number ${String(i)}`),
    );
  }

  const volumes = { volumeLimitBytes: 20_000 };
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z', volumes);
  writeFileSync(join(inbox, '00000003.eml'), message('three'));
  rmSync(join(inbox, '00000001.eml'));
  await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', volumes);
  expect(
    readdirSync(server.backupDir).filter((name) => name.endsWith('.zip'))
      .length,
  ).toBeGreaterThan(3);
  before = join(dir, 'before');
  expectDone(runTool('cp', ['-a', server.storeDir, before]));
  rmSync(join(inbox, '00000002.eml'));
  writeFileSync(join(inbox, '00000004.eml'), message('four'));
  template = join(dir, 'template');
  cpSync(server.backupDir, template, {
    recursive: true,
    preserveTimestamps: true,
  });
});
afterAll(() => {
  removeTemporary(dir);
});

/** What a recover of the whole directory gives: the store of the night before, or that of this one. */
async function recovered(backupDir: string): Promise<'before' | 'now'> {
  const other = buildInstallation(join(dir, 'other'), { store: {} });
  const argv = [backupDir, '--server-dir', other.serverDir, '--yes', '--quiet'];
  const { exitCode, output } = await runInProcess(Recover, argv);
  expect(exitCode, output).toBe(0);
  // What a killed run left of its own: its mark goes with the next backup.
  const ignore = (path: string): boolean => path.startsWith('.kms-backup-');
  const is = (store: string): boolean =>
    compareTrees(store, other.storeDir, { ignore }).length === 0;
  const isNow = is(server.storeDir);
  const isBefore = is(before);
  removeTemporary(other.serverDir);
  if (!isNow && !isBefore) {
    throw new Error('the recovered store is that of no night');
  }

  return isNow ? 'now' : 'before';
}

async function stateOf(backupDir: string): Promise<string[]> {
  return (await inspectStorage(storageAt(backupDir))).map(
    ({ facts, isRecoverable }) =>
      `${facts.files.stem.slice(0, 1)}${isRecoverable ? '' : '!'}`,
  );
}

/** What a death left, the same for the same step of two runs: names without process and the stamp of this run. */
const remains = (backupDir: string): string =>
  readdirSync(backupDir)
    .map((name) =>
      name
        .replace(/\d{8}T\d{6}Z/, (stamp) =>
          stamp < '20260103' ? stamp : 'NEW',
        )
        .replace(/-\d+/, ''),
    )
    .sort()
    .join(' ');

describe.skipIf(!canInject)(
  'a backup with rotation that is killed (needs strace)',
  () => {
    for (const [type, command, end] of [
      ['diff', BackupDiff, ['F', 'I']],
      ['full', BackupFull, ['F']],
    ] as const) {
      it(`at any step of a ${type}, leaves a set that is complete and recovers to one of the two nights`, async () => {
        const seen = new Map<string, 'before' | 'now'>();
        // Syncing changes no name: what it is good for only a power cut shows.
        for (const call of ['rename', 'unlink'] as const) {
          // The first two names that go are those of the locks.
          for (
            let when = call === 'unlink' ? 3 : 1, isOver = false;
            !isOver;
            when++
          ) {
            const backupDir = join(dir, `${type}-${call}-${String(when)}`);
            cpSync(template, backupDir, {
              recursive: true,
              preserveTimestamps: true,
            });
            const flags = [
              '--server-dir',
              server.serverDir,
              '--backup-dir',
              backupDir,
              '--volume-size',
              '20000',
            ];
            const inject = [`${call}:signal=SIGKILL:when=${String(when)}`];
            const ended = kmsWithFaults(['backup', type, ...flags], { inject });
            isOver = !wasKilled(ended);
            if (isOver) expectDone(ended);
            const left = remains(backupDir);
            if (!seen.has(left)) {
              seen.set(left, await recovered(backupDir));
              expect(
                newestPoint(await inspectStorage(storageAt(backupDir)))
                  ?.isRecoverable,
              ).toBe(true);
              const next = await runInProcess(command, [...flags, '--quiet']);
              expect(next.exitCode, next.output).toBe(0);
              expect(await stateOf(backupDir)).toEqual(end);
              expect(
                readdirSync(backupDir).filter((name) => name.endsWith('.part')),
              ).toEqual([]);
            }

            removeTemporary(backupDir);
          }
        }

        expect([...new Set(seen.values())].sort()).toEqual(['before', 'now']);
        // Before and after each archive that comes and each that goes, at least.
        expect(seen.size).toBeGreaterThan(end.length + 4);
      });
    }
  },
);
