/** The mail server that a command works for: its place and its settings. */
import { NotFoundError } from '../errors.js';
import { mailserverConfig } from '../server/config/file.js';
import { findInstallation, type Installation } from '../server/installation.js';
import { readSettings, type ServerSettings } from '../server/settings.js';
import type { EditedServer } from '../server/settings-source.js';

/** The flag that names the server. */
export interface ServerFlags {
  readonly 'server-dir'?: string | undefined;
}

/** A mail server and what its mailserver.cfg says. */
export interface OpenServer {
  readonly installation: Installation;
  readonly settings: ServerSettings;
}

/** @throws {NotFoundError} without an installation · {ConfigurationError} when its mailserver.cfg is wrong */
export function openServer(flags: ServerFlags): OpenServer {
  const installation = findServer(flags);
  return { installation, settings: readSettings(installation) };
}

/** The settings of the server; undefined as for `findOpenServer`. */
export function findServerSettings(
  flags: ServerFlags,
): ServerSettings | undefined {
  return findOpenServer(flags)?.settings;
}

/** The server; undefined on a machine without one, where a directory of archives can lie too. */
export function findOpenServer(flags: ServerFlags): OpenServer | undefined {
  try {
    return openServer(flags);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** The server and the place where its settings are edited. @throws {NotFoundError} */
export function findEditedServer(flags: ServerFlags): EditedServer {
  const installation = findServer(flags);

  return { installation, source: mailserverConfig(installation) };
}

/** What an argument names; the server's backup directory where it is left out. */
export function toArchivesPath(
  given: string | undefined,
  flags: ServerFlags,
): string {
  return given ?? openServer(flags).settings.backupDir;
}

/** The server's installation; its settings are not read. @throws {NotFoundError} */
export function findServer(flags: ServerFlags): Installation {
  return findInstallation({ serverDir: flags['server-dir'] });
}
