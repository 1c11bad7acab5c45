import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectStorage } from '../../src/archive/inspect.js';
import { storageAt } from '../../src/archive/storages.js';
import type { BackupReport } from '../../src/backup/request.js';
import { runBackup } from '../../src/backup/run-backup.js';
import { systemClock } from '../../src/platform/clock.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { runInProcess } from '../helpers/in-process.js';
import { backupRequest } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const CONFIGURATION_FILES = 2;

let dir = '';
let server: Installation;
let alice = '';
beforeEach(() => {
  dir = temporaryDirectory('moving');
  server = buildInstallation(join(dir, 'server'));
  alice = join(server.storeDir, 'mail/example.com/alice');
});
afterEach(() => {
  removeTemporary(dir);
});

/** Backs up, and does something to the store when so many files are packed: all have been listed then. */
async function backUp(
  type: 'full' | 'differential',
  packed = 0,
  act: () => void = () => undefined,
): Promise<BackupReport> {
  let isDone = false;
  const { report } = await runBackup({
    ...backupRequest(server, type, systemClock),
    onProgress: ({ phase, doneItems }) => {
      if (isDone || phase !== 'writing' || doneItems < packed) return;
      isDone = true;
      act();
    },
  });

  return report;
}

async function recover(): Promise<string> {
  const [store, cfg] = [join(dir, 'store'), join(dir, 'cfg')];
  for (const path of [store, cfg]) mkdirSync(path);
  const args = [
    server.backupDir,
    '--store',
    store,
    '--cfgdir',
    cfg,
    '--server-dir',
    server.serverDir,
    '--yes',
  ];
  const verified = await runInProcess('verify', [server.backupDir]);
  expect(verified.exitCode, verified.output).toBe(0);
  const done = await runInProcess('recover', args);
  expect(done.exitCode, done.output).toBe(0);
  return join(store, 'mail/example.com/alice');
}

const namesOf = ({ issues }: BackupReport): string[] =>
  issues.map(({ name }) => name);
const ALICE = '@backup/store/mail/example.com/alice';

describe('a store that moves while it is backed up', () => {
  const becomeDirectory = (): void => {
    rmSync(join(alice, 'INBOX/index.fld'));
    mkdirSync(join(alice, 'INBOX/index.fld'));
    writeFileSync(join(alice, 'INBOX/index.fld/new.eml'), 'new');
  };

  it('names a file that became a directory after it was packed, and what was packed comes back', async () => {
    const report = await backUp(
      'full',
      CONFIGURATION_FILES + 2,
      becomeDirectory,
    );
    expect(namesOf(report)).toEqual([`${ALICE}/INBOX/index.fld/`]);
    expect(readFileSync(join(await recover(), 'INBOX/index.fld'), 'utf8')).toBe(
      'U00000001 F1\r\n',
    );
  });

  it('does the same in a differential, whose full has the file', async () => {
    await backUp('full');
    writeFileSync(join(alice, 'INBOX/status.fld'), 'S1 changed\r\n');
    const report = await backUp('differential', 1, becomeDirectory);
    expect(namesOf(report)).toEqual([`${ALICE}/INBOX/index.fld/`]);
    expect(readFileSync(join(await recover(), 'INBOX/index.fld'), 'utf8')).toBe(
      'U00000001 F1\r\n',
    );
  });

  it('names a directory that became a file, and its messages count as vanished', async () => {
    const report = await backUp('full', CONFIGURATION_FILES, () => {
      rmSync(join(alice, 'INBOX/#msgs'), { recursive: true });
      writeFileSync(join(alice, 'INBOX/#msgs'), 'a file');
    });
    expect(namesOf(report)).toEqual([`${ALICE}/INBOX/#msgs`]);
    expect(report.messages.vanished).toBe(2);
    expect(existsSync(join(await recover(), 'INBOX/#msgs'))).toBe(false);
  });

  it('follows no directory that became a link, not to files of the same names', async () => {
    const elsewhere = join(dir, 'elsewhere');
    cpSync(alice, elsewhere, { recursive: true });
    writeFileSync(join(elsewhere, 'INBOX/#msgs/00000001.eml'), 'secret');
    const report = await backUp('full', CONFIGURATION_FILES, () => {
      renameSync(alice, join(dir, 'moved'));
      symlinkSync(elsewhere, alice);
    });
    expect(namesOf(report)).toEqual([ALICE]);
    expect(existsSync(join(await recover(), 'INBOX'))).toBe(false);
  });
});

describe('a configuration that is a link', () => {
  const link = (name: string, content?: string): void => {
    const [path, target] = [
      join(server.serverDir, name),
      join(dir, 'volume', `data-${name}`),
    ];
    mkdirSync(join(dir, 'volume'), { recursive: true });
    if (existsSync(path)) renameSync(path, target);
    else if (content !== undefined) writeFileSync(target, content);
    symlinkSync(target, join(dir, 'volume', name));
    symlinkSync(join(dir, 'volume', name), path);
  };

  it('is packed as what it leads to, compared by it, and comes back as a file', async () => {
    for (const name of ['mailserver.cfg', 'users.cfg']) link(name);
    link('cluster.cfg', 'one');
    expect((await backUp('full')).issues).toEqual([]);
    expect((await backUp('differential')).files).toBe(0);
    writeFileSync(join(dir, 'volume/data-cluster.cfg'), 'two, and longer');
    expect((await backUp('differential')).files).toBe(1);
    await recover();
    expect(readFileSync(join(dir, 'cfg/cluster.cfg'), 'utf8')).toBe(
      'two, and longer',
    );
  });

  it('that leads nowhere is named, and the archive is no complete backup', async () => {
    await backUp('full');
    link('users.cfg');
    rmSync(join(dir, 'volume/data-users.cfg'));
    expect(namesOf(await backUp('full'))).toEqual(['users.cfg']);
    const states = await inspectStorage(storageAt(server.backupDir));
    expect(states.map(({ lacks }) => lacks)).toEqual([[], ['users.cfg']]);
    const rotated = await runInProcess('rotate', [
      '--server-dir',
      server.serverDir,
      '--keep',
      '1',
    ]);
    expect(rotated.output).toContain('lacks users.cfg');
    expect(await inspectStorage(storageAt(server.backupDir))).toHaveLength(2);
    const listed = await runInProcess('list-archives', [server.backupDir]);
    expect(listed.output).toContain('lacks users.cfg');
    const status = await runInProcess('status', [
      '--server-dir',
      server.serverDir,
    ]);
    expect(status.output).toContain('lacks users.cfg');
  });
});
