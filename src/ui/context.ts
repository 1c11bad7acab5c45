import { findInstallation, type Installation } from '../server/installation.js';
import { readSettings, type ServerSettings } from '../server/settings.js';
import type { CommonFlags } from './command.js';

/** The mail server that a command works for. */
export interface ServerContext {
  readonly installation: Installation;
  readonly settings: ServerSettings;
}

/** @throws {NotFoundError} without an installation · {ConfigurationError} when its mailserver.cfg is wrong */
export function openServer(flags: CommonFlags): ServerContext {
  const installation = findInstallation({ serverDir: flags['server-dir'] });
  return { installation, settings: readSettings(installation) };
}
