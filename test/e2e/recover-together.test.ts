import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import { canInject, kmsWithFaults, wasKilled } from '../helpers/faults.js';
import {
  buildInstallation,
  type Installation,
  message,
  smallStore,
} from '../helpers/installation.js';
import {
  buildTree,
  compareTrees,
  listTree,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  kms,
  QUIET_ENVIRONMENT,
  said,
  expectEnd,
} from '../helpers/tools.js';

const OLD: Tree = {
  mail: {
    'example.com': {
      bob: { INBOX: { '#msgs': { '00000001.eml': message('old') } } },
    },
  },
};

let dir = '';
let server: Installation;
/** Archives of another store than the live one. */
let backupDir = '';
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = temporaryDirectory('together');
  const source = buildInstallation(join(dir, 'source'), {
    store: smallStore(),
  });
  ({ backupDir } = source);
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', source.serverDir]),
  );
  server = buildInstallation(join(dir, 'server'), { store: OLD });
  buildTree(join(dir, 'old'), OLD);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, 'exit');
    }
  }

  removeTemporary(dir);
});

const recoverArgs = (...flags: string[]): string[] => [
  'recover',
  backupDir,
  ...['--server-dir', server.serverDir, '--yes'],
  ...flags,
];
const expectOld = (): void => {
  expect(
    compareTrees(join(dir, 'old'), server.storeDir, {
      directoryTimes: false,
      ignore: (path) => /\.kms-backup-(recover\.lock|lock-)/.test(path),
    }),
  ).toEqual([]);
};

function start(
  args: readonly string[],
  env: Record<string, string> = {},
): ChildProcess {
  const child = spawn(process.execPath, [BINARY, ...args], {
    env: { ...process.env, ...QUIET_ENVIRONMENT, ...env },
  });
  children.push(child);
  return child;
}

describe('a recover beside a backup', () => {
  it('is refused while the backup reads the store, and possible afterwards', async () => {
    const big = join(server.storeDir, 'mail/example.com/bob/INBOX/#msgs');
    for (let i = 16; i < 3000; i++) {
      writeFileSync(
        join(big, `${i.toString(16).padStart(8, '0')}.eml`),
        'x'.repeat(9000),
      );
    }

    const backup = start([
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
      '--threads',
      '1',
      '--level',
      '9',
    ]);
    await vi.waitFor(
      () => {
        expect(
          readdirSync(server.serverDir).some((name) =>
            name.startsWith('.kms-backup-reading-'),
          ),
        ).toBe(true);
      },
      { timeout: 10_000, interval: 5 },
    );
    backup.kill('SIGSTOP');
    const refused = await kmsInProcess(recoverArgs());
    backup.kill('SIGCONT');
    expect(said(refused)).toMatch(
      /^11 .*the store is held by another run: backup full, pid/s,
    );
    expect(existsSync(join(big, '00000001.eml'))).toBe(true);
    if (backup.exitCode === null) await once(backup, 'exit');
    expect(backup.exitCode).toBe(0);
    expect(
      readdirSync(server.serverDir).filter((name) =>
        name.startsWith('.kms-backup'),
      ),
    ).toEqual([]);
    expectDone(await kmsInProcess(recoverArgs()));
  });

  it('is not held up by what a killed backup left', async () => {
    const path = join(server.serverDir, '.kms-backup-reading-4194305.lock');
    const dead = {
      pid: 2 ** 22 + 1,
      host: hostname(),
      command: 'backup full',
      since: '',
      birth: '',
    };
    writeFileSync(path, JSON.stringify({ ...dead, host: 'another-machine' }));
    expect((await kmsInProcess(recoverArgs())).status).toBe(11);
    for (const text of [JSON.stringify(dead), '{"pid":']) {
      writeFileSync(path, text);
      expectDone(await kmsInProcess(recoverArgs()));
    }

    expect(
      readdirSync(server.serverDir).filter((name) =>
        name.startsWith('.kms-backup-reading'),
      ),
    ).toEqual([]);
  });
});

describe('a mail server that starts while a recover extracts', () => {
  it('is noticed before anything is replaced', async () => {
    const pidFile = join(dir, 'kms.pid');
    const engineProgram = join(dir, 'mailserver');
    copyFileSync('/bin/sleep', engineProgram);
    const engine = spawn(engineProgram, ['60']);
    children.push(engine);
    const child = start(recoverArgs('--json'), {
      KMS_BACKUP_PID_FILE: pidFile,
    });
    let output = '';
    child.stderr?.on('data', (data: Buffer) => (output += data.toString()));
    child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
    await vi.waitFor(
      () => {
        expect(existsSync(join(server.storeDir, '.kms-backup-recover'))).toBe(
          true,
        );
      },
      { timeout: 10_000, interval: 1 },
    );
    child.kill('SIGSTOP');
    writeFileSync(pidFile, `${String(engine.pid)}\n`);
    child.kill('SIGCONT');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(`${String(code)} ${output}`).toMatch(
      /^13 .*the mail server is running/s,
    );
    expectOld();
    expect(
      listTree(server.serverDir).filter((path) =>
        path.includes('.kms-backup-recover/'),
      ),
    ).toEqual([]);
  });
});

describe('a listing', () => {
  it('needs no mail server', () => {
    const elsewhere = join(dir, 'empty');
    mkdirSync(elsewhere);
    const ended = kms(['recover', backupDir, '-l'], { cwd: elsewhere });
    expect(said(ended)).toMatch(/^0 .*alice +INBOX +2/s);
  });
});

describe('a recover that names the live store by its path', () => {
  it('is refused while the mail server runs', () => {
    const engineProgram = join(dir, 'mailserver');
    copyFileSync('/bin/sleep', engineProgram);
    const engine = spawn(engineProgram, ['60']);
    children.push(engine);
    const pidFile = join(dir, 'kms.pid');
    writeFileSync(pidFile, `${String(engine.pid)}\n`);
    const env = { KMS_BACKUP_PID_FILE: pidFile };
    const args = recoverArgs('-u', 'alice', '-s', `${server.storeDir}/.`);
    expect(kms(args, { env }).status).toBe(13);
    expectOld();
    const other = join(dir, 'other store');
    expectDone(kms(recoverArgs('-u', 'alice', '-s', other), { env }));
    expect(
      existsSync(
        join(other, 'mail/example.com/alice/INBOX/#msgs/00000001.eml'),
      ),
    ).toBe(true);
  });
});

describe.runIf(canInject)('a recover with --in-place that dies', () => {
  it('is named by every command until the same recover has completed it', async () => {
    const args = recoverArgs('--in-place');
    const oldMessage = join(
      server.storeDir,
      'mail/example.com/bob/INBOX/#msgs/00000001.eml',
    );
    for (let when = 1; existsSync(oldMessage); when++) {
      expect(
        wasKilled(
          kmsWithFaults(args, {
            inject: [`unlink,rmdir:signal=SIGKILL:when=${String(when)}`],
          }),
        ),
      ).toBe(true);
    }

    expect(
      existsSync(join(server.storeDir, 'mail/example.com/bob/INBOX')),
    ).toBe(true);

    const ofServer = ['--server-dir', server.serverDir];
    const backup = await kmsInProcess(['backup', 'full', ...ofServer]);
    expectEnd(backup, 1, 'FAILED');
    expect(said(backup)).toMatch(
      /--in-place was interrupted.*Run that recover again/s,
    );

    const doctor = await kmsInProcess(['doctor', ...ofServer]);
    expect(doctor.stdout).toContain('--in-place was interrupted');

    for (const words of [
      ['backup', 'full', '--dry-run', ...ofServer],
      recoverArgs('-u', 'alice'),
      recoverArgs('-u', 'alice', '--additive'),
      ['recover', '--rollback', ...ofServer, '--yes'],
    ]) {
      expectEnd(await kmsInProcess(words), 1, 'FAILED');
    }

    expectDone(await kmsInProcess(args));
    expect(
      (await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]))
        .status,
    ).toBe(0);
    rmSync(join(dir, 'old'), { recursive: true });
    buildTree(join(dir, 'old'), smallStore());
    expectOld();
  });
});
