import { NotFoundError, UsageError } from '../errors.js';
import {
  connectDisk,
  type DiskRunner,
  shareOf,
} from '../platform/network-disk.js';
import { readSecret } from '../platform/secret.js';
import { readIniFile } from '../settings/ini-file.js';
import { findInstallation } from '../server/installation.js';

/** What a login depends on besides the path. */
export interface DiskContext {
  readonly serverDir: string | undefined;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: runs programs for real. */
  readonly run?: DiskRunner;
}

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

  const variable = 'KMS_BACKUP_NETWORK_DISK_PASSWORD';

  const known = readSecret({
    what: 'the network disk',
    variable,
    file: passwordFile,
    env: context.env,
  });

  const password = known ?? (await askPassword(share, user, variable));

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
  variable: string,
): Promise<string> {
  const { openPrompts } = await import('../ui/prompts.js');
  const prompts = openPrompts(
    `Set ${variable}, or password-file in [network-disk] of kms-backup.ini.`,
  );
  const password = await prompts.password(`Password of ${user} at ${share}:`);
  if (password === '') {
    throw new UsageError(`no password for ${share} was given`);
  }

  return password;
}
