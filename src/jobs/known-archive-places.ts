/** The directories of this machine in which archives lie, or wait to be sent, as far as settings name them. */
import { ConfigurationError } from '../errors.js';
import { stateHome } from '../platform/state-home.js';
import { glimpseIni, readIniText } from '../settings/ini-file.js';
import { mirrorDirectory, type SecondPlace } from './mirror-place.js';

/** @param backupDir as mailserver.cfg has it */
export function knownArchivePlaces(
  backupDir: string | undefined,
  installDir: string,
): string[] {
  const ini = readDespiteFaults(installDir);
  const ofTargets = ini.targets.flatMap((target) => [
    target.type === 'directory' ? target.directory : undefined,
    target.spool,
  ]);
  const places = [backupDir, mirrorDirectory(ini, installDir), ...ofTargets];

  return [...places, stateHome()].filter((place) => place !== undefined);
}

/** A recover goes on where a line of kms-backup.ini is wrong. */
function readDespiteFaults(installDir: string): SecondPlace {
  try {
    return glimpseIni(readIniText(installDir), installDir).settings;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    return { mirror: { to: undefined }, targets: [] };
  }
}
