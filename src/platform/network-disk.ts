import { FailedError } from '../errors.js';
import { runProgram, type ProgramResult } from './run-program.js';
import { maskSecrets } from './secret.js';

/** Runs a program to its end; its environment is this process's with `more` added. */
export type DiskRunner = (
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>>,
) => ProgramResult | undefined;

/** A login to one share of a Windows network disk. */
export interface DiskLogin {
  /** `\\nas\backup`. */
  readonly share: string;
  readonly user: string;
  readonly password: string;
}

/** The environment alone carries name and password: argument lists and script logs can be read by others. */
const SCRIPT = [
  "$ErrorActionPreference = 'Stop'",
  '$open = Get-SmbMapping -RemotePath $env:KMS_DISK_SHARE -ErrorAction SilentlyContinue',
  "if ($open | Where-Object Status -eq 'OK') { 'IN USE'; exit 0 }",
  'try { New-SmbMapping -RemotePath $env:KMS_DISK_SHARE -UserName $env:KMS_DISK_USER ' +
    '-Password $env:KMS_DISK_PASSWORD -Persistent $false | Out-Null }',
  'catch { [Console]::Error.WriteLine($_.Exception.Message); exit 1 }',
].join('\n');

/**
 * The share of a UNC path: `\\nas\backup\mail` and `\\?\UNC\nas\backup\mail` are on `\\nas\backup`. Undefined for every
 * other path, devices (`\\.\`, `\\?\C:`) among them. Pure.
 */
export function shareOf(path: string): string | undefined {
  const plain = path.replaceAll('/', '\\').replace(/^\\\\\?\\UNC\\/i, '\\\\');
  const found = /^\\\\([^\\?.][^\\]*)\\([^\\]+)/.exec(plain);
  return found ? `\\\\${found[1] ?? ''}\\${found[2] ?? ''}` : undefined;
}

/**
 * Logs in at a share. One that is connected already is used as it is, and stays connected.
 * @returns what ends the connection, with the reason where that failed: a file of it may be open in another program
 * @throws {FailedError} when the login is refused, or Windows PowerShell is missing
 */
export function connectDisk(
  login: DiskLogin,
  run: DiskRunner = runProgramWith,
): () => string | undefined {
  const { share, user, password } = login;
  const more = {
    KMS_DISK_SHARE: share,
    KMS_DISK_USER: user,
    KMS_DISK_PASSWORD: password,
  };

  const args = ['-NoProfile', '-NonInteractive', '-Command', SCRIPT];
  const result = run('powershell.exe', args, more);
  if (!result) {
    throw refused(login, 'there is no powershell.exe to log in with');
  }

  if (result.exitCode !== 0) throw refused(login, result.stderr.trim());
  if (result.stdout.includes('IN USE')) return () => undefined;

  return () => {
    // Without /y and with nobody to answer, Windows keeps a connection that another program uses.
    const ended = run('net', ['use', share, '/delete'], {});
    return ended?.exitCode === 0
      ? undefined
      : `${share} stays connected: ${ended?.stderr.trim() ?? 'no net command'}`;
  };
}

function refused(
  { share, user, password }: DiskLogin,
  reason: string,
): FailedError {
  return new FailedError(
    `cannot log in at ${share} as ${user}: ${maskSecrets(reason, [password])}`,
    {
      hints: [
        'Check [network-disk] of kms-backup.ini and its password.',
        'Windows allows one user a server: end other connections to it, see net use.',
      ],
    },
  );
}

const runProgramWith: DiskRunner = (program, args, more) =>
  runProgram(program, args, { input: '', env: { ...process.env, ...more } });
