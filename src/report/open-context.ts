import type { Clock } from '../platform/clock.js';
import { readIniFile } from '../settings/ini-file.js';
import type { NotifyRule } from '../settings/smtp-section.js';
import { findInstallation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import type { NotifyContext } from './notify.js';

/**
 * Reads the settings of notifications from the server's installation and kms-backup.ini.
 * @throws {NotFoundError} when there is no mail server
 * @throws {ConfigurationError} when mailserver.cfg or kms-backup.ini is wrong
 */
export function openNotifyContext(options: {
  readonly serverDir: string | undefined;
  readonly rule?: NotifyRule | undefined;
  readonly clock: Clock;
}): NotifyContext {
  const installation = findInstallation({ serverDir: options.serverDir });
  return {
    installDir: installation.dir,
    settings: readIniFile(installation.dir),
    server: readSettings(installation),
    rule: options.rule,
    env: process.env,
    clock: options.clock,
  };
}
