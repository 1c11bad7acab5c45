/** What `status` is to look at, also where a file of settings is broken: that is the worst that it can say. */
import { lastPlaceOf } from '../history/backup-runs.js';
import { readHistory } from '../history/read-history.js';
import { ConfigurationError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import type { Installation } from '../server/installation.js';
import {
  defaultSettings,
  readSettings,
  type ServerSettings,
} from '../server/settings.js';
import { readIniFile } from '../settings/ini-file.js';
import type { IniSettings } from '../settings/ini-settings.js';
import { chooseStorage } from './archive-places.js';
import type { StatusRequest } from './collect-status.js';
import type { SeenServer } from './running-server.js';
import { findServer, type ServerFlags } from './server.js';
import {
  choose,
  INCLUDES_ARCHIVE,
  type SourceFlags,
} from './setting-sources.js';

/**
 * The request of `status`.
 * @param running what the server that runs tells of itself goes before the file
 * @throws {NotFoundError} without a server · {ConfigurationError} where what is broken is needed to find the archives
 */
export function toStatusRequest(
  flags: ServerFlags &
    SourceFlags & { readonly 'max-age'?: number | undefined },
  running?: SeenServer,
): StatusRequest {
  const installation = findServer(flags);
  const [ofFile, fault] = settingsOrFault(installation);
  const [ini, iniFault] = iniOrFault(installation);
  const seen = { ...ofFile, ...running?.settings };
  const archive = choose(INCLUDES_ARCHIVE, { flags: {}, ini });
  const settings = { ...seen, include: { ...seen.include, archive } };
  const faults = [fault, iniFault];
  const server = {
    installation,
    settings,
  };

  return {
    server,
    storage: chooseStorage(flags, { server: settings }),
    clock: systemClock,
    maxAgeMs: flags['max-age'],
    running: running?.facts,
    settingsFaults: faults.filter((text) => text !== undefined),
  };
}

/** Of a broken mailserver.cfg the defaults, with the place that the history knows. */
function settingsOrFault(
  installation: Installation,
): [ServerSettings, string | undefined] {
  try {
    return [readSettings(installation), undefined];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    const defaults = defaultSettings(installation);
    const known = lastPlaceOf(readHistory(installation.dir));
    const backupDir = known ?? defaults.backupDir;

    return [
      { ...defaults, backupDir },
      `no backup can be made: ${error.message}`,
    ];
  }
}

function iniOrFault(
  installation: Installation,
): [IniSettings | undefined, string | undefined] {
  try {
    return [readIniFile(installation.dir), undefined];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    return [undefined, `no backup can be made: ${error.message}`];
  }
}
