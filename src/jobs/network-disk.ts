/** The login at a Windows network disk, before a command reads or writes there. */
import { NotFoundError, UsageError } from '../errors.js';
import {
  connectDisk,
  type DiskRunner,
  shareOf,
} from '../platform/network-disk.js';
import { readSecret } from '../platform/secret.js';
import { readIniFile } from '../settings/ini-file.js';
import { findInstallation } from '../server/installation.js';

/** The facts besides the path that a login depends on. */
export interface DiskContext {
  readonly serverDir: string | undefined;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks a person. @throws {UsageError} where nobody can be asked */
  readonly askPassword: (login: DiskLogin) => Promise<string>;
  /** Default: runs programs for real. */
  readonly run?: DiskRunner;
}

/** A login whose password nothing says. */
export interface DiskLogin {
  readonly user: string;
  readonly share: string;
  /** The other place in which the password could stand. */
  readonly instead: string;
}

const PASSWORD_VARIABLE = 'KMS_BACKUP_NETWORK_DISK_PASSWORD';

/**
 * Logs in at the network disk that holds `path`, as `[network-disk]` of kms-backup.ini says; on Windows, for UNC paths.
 * @returns what ends the connection; undefined where no login is configured or needed
 * @throws {UsageError} when there is no password and nobody to ask · {FailedError} when the login is refused
 */
export async function useNetworkDisk(
  path: string,
  context: DiskContext,
): Promise<(() => string | undefined) | undefined> {
  const share = context.platform === 'win32' ? shareOf(path) : undefined;
  if (share === undefined) return undefined;

  const { user, passwordFile } = readLogin(context.serverDir);
  if (user === undefined || user === '') return undefined;

  const configured = readSecret({
    what: 'the network disk',
    variable: PASSWORD_VARIABLE,
    file: passwordFile,
    env: context.env,
  });

  const password = configured ?? (await askPassword(share, user, context));

  return connectDisk({ share, user, password }, context.run);
}

/** A directory of archives can be read where no server is installed; then nothing says who logs in. */
function readLogin(serverDir: string | undefined): {
  user?: string | undefined;
  passwordFile?: string | undefined;
} {
  try {
    return readIniFile(findInstallation({ serverDir }).dir).networkDisk;
  } catch (error) {
    if (error instanceof NotFoundError) return {};

    throw error;
  }
}

async function askPassword(
  share: string,
  user: string,
  context: DiskContext,
): Promise<string> {
  const instead = `Set ${PASSWORD_VARIABLE}, or password-file in [network-disk] of kms-backup.ini.`;
  const password = await context.askPassword({ user, share, instead });

  if (password === '') {
    throw new UsageError(`no password for ${share} was given`);
  }

  return password;
}
