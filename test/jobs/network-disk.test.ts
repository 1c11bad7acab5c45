import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  connectDisk,
  type DiskRunner,
  shareOf,
} from '../../src/platform/network-disk.js';
import { useNetworkDisk } from '../../src/jobs/network-disk.js';
import { askDiskPassword } from '../../src/ui/disk-password.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { buildInstallation } from '../helpers/installation.js';

const PASSWORD = 'pla!nted "secret" $7';
const login = {
  share: '\\\\nas\\backup',
  user: 'NAS\\kms',
  password: PASSWORD,
};

interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly more: Readonly<Record<string, string>>;
}

/** Answers the calls in turn and remembers them. */
function runner(
  ...answers: (Partial<Record<'stdout' | 'stderr', string>> & {
    exitCode: number;
  })[]
): {
  run: DiskRunner;
  calls: Call[];
} {
  const calls: Call[] = [];
  const run: DiskRunner = (program, args, more) => {
    const answer = answers[calls.push({ program, args, more }) - 1];
    return answer && { stdout: '', stderr: '', ...answer };
  };

  return { run, calls };
}

describe('the share of a path', () => {
  it.each([
    ['\\\\nas\\backup', '\\\\nas\\backup'],
    ['\\\\nas\\backup 2\\mail\\F1.zip', '\\\\nas\\backup 2'],
    ['\\\\?\\UNC\\nas\\backup\\mail', '\\\\nas\\backup'],
    ['//nas/backup/mail', '\\\\nas\\backup'],
    ['E:\\backup', undefined],
    ['\\\\?\\C:\\backup', undefined],
    ['\\\\.\\pipe\\x', undefined],
    ['\\\\nas', undefined],
    ['/var/backup', undefined],
  ])('%s: %s', (path, expected) => {
    expect(shareOf(path)).toBe(expected);
  });
});

describe('a login at a network disk', () => {
  it('gives name and password in the environment, never in an argument, and ends the connection afterwards', () => {
    const { run, calls } = runner({ exitCode: 0 }, { exitCode: 0 });
    const leave = connectDisk(login, run);
    expect(leave()).toBeUndefined();
    expect(calls.map(({ program }) => program)).toEqual([
      'powershell.exe',
      'net',
    ]);
    expect(calls[0]?.more['KMS_DISK_PASSWORD']).toBe(PASSWORD);
    expect(calls[1]).toMatchObject({
      args: ['use', '\\\\nas\\backup', '/delete'],
      more: {},
    });
    expect(JSON.stringify(calls.map(({ args }) => args))).not.toMatch(
      /pla!nted|NAS\\/,
    );
  });

  it('leaves a connection alone that was there before', () => {
    const { run, calls } = runner({ exitCode: 0, stdout: 'IN USE\r\n' });
    expect(connectDisk(login, run)()).toBeUndefined();
    expect(calls).toHaveLength(1);
  });

  it('that is refused is an error without the password', () => {
    const { run } = runner({
      exitCode: 1,
      stderr: `wrong password ${PASSWORD} given`,
    });
    expect(() => connectDisk(login, run)).toThrow(
      'cannot log in at \\\\nas\\backup as NAS\\kms: wrong password *** given',
    );
    expect(() => connectDisk(login, runner().run)).toThrow(
      'there is no powershell.exe',
    );
  });

  it('that cannot be ended is told', () => {
    const { run } = runner(
      { exitCode: 0 },
      { exitCode: 2, stderr: 'files are open\r\n' },
    );
    expect(connectDisk(login, run)()).toBe(
      '\\\\nas\\backup stays connected: files are open',
    );
  });
});

describe('the network disk of a command', () => {
  function server(ini: string): string {
    const { serverDir } = buildInstallation(temporaryDirectory());
    mkdirSync(serverDir, { recursive: true });
    writeFileSync(join(serverDir, 'password'), `${PASSWORD}\n`, {
      mode: 0o600,
    });
    writeFileSync(join(serverDir, 'kms-backup.ini'), ini);
    return serverDir;
  }

  const ini = '[network-disk]\nuser = NAS\\kms\npassword-file = password\n';

  it('is logged in at with the password of the file, or of the environment', async () => {
    for (const [env, expected] of [
      [{}, PASSWORD],
      [{ KMS_BACKUP_NETWORK_DISK_PASSWORD: 'other' }, 'other'],
    ] as const) {
      const { run, calls } = runner({ exitCode: 0 }, { exitCode: 0 });
      const leave = await useNetworkDisk('\\\\nas\\backup\\a', {
        serverDir: server(ini),
        platform: 'win32',
        env,
        askPassword: askDiskPassword,
        run,
      });
      expect(leave?.()).toBeUndefined();
      expect(calls[0]?.more).toEqual({
        KMS_DISK_SHARE: '\\\\nas\\backup',
        KMS_DISK_USER: 'NAS\\kms',
        KMS_DISK_PASSWORD: expected,
      });
    }
  });

  it('needs no login elsewhere than on Windows, on a drive, without a user, without a server', async () => {
    const { run, calls } = runner();
    const base = {
      serverDir: server(ini),
      platform: 'win32' as const,
      env: {},
      askPassword: askDiskPassword,
      run,
    };
    await useNetworkDisk('\\\\nas\\backup', { ...base, platform: 'linux' });
    await useNetworkDisk('E:\\backup', base);
    await useNetworkDisk('\\\\nas\\backup', {
      ...base,
      serverDir: server('[backup]\nlevel = 6\n'),
    });
    await useNetworkDisk('\\\\nas\\backup', {
      ...base,
      serverDir: '/nonexistent',
    });
    expect(calls).toEqual([]);
  });

  it('without a password and without a terminal is wrong usage that names the variable', async () => {
    const { run } = runner();
    const context = {
      serverDir: server('[network-disk]\nuser = u\n'),
      platform: 'win32' as const,
      env: {},
      askPassword: askDiskPassword,
      run,
    };
    await expect(
      useNetworkDisk('\\\\nas\\backup', context),
    ).rejects.toMatchObject({
      exitCode: 2,
      hints: [expect.stringContaining('KMS_BACKUP_NETWORK_DISK_PASSWORD')],
    });
  });
});
