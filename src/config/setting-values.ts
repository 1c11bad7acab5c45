/** The settings of the Backup tab and of the network disk, by the names that scripts use. */
import { ConfigurationError } from '../errors.js';
import type { ServerSettings } from '../server/settings.js';
import type { SeenSettings } from '../server/settings-source.js';
import type { IniSettings } from '../settings/ini-settings.js';
import { SETTING_KEYS, type SettingValue } from './keys.js';
import {
  NETWORK_DISK_PASSWORD_FILE,
  NETWORK_DISK_USER,
} from './network-disk-keys.js';

export type SettingValues = ReadonlyMap<string, SettingValue>;

/** Each setting with its value, in the order of the Backup tab. */
export function valuesOf(
  settings: ServerSettings,
  { networkDisk }: IniSettings,
): SettingValues {
  return new Map<string, SettingValue>([
    ...SETTING_KEYS.map((key) => [key.name, key.read(settings)] as const),
    [NETWORK_DISK_USER, networkDisk.user ?? ''],
    [NETWORK_DISK_PASSWORD_FILE, networkDisk.passwordFile ?? ''],
  ]);
}

/** Undefined where a value is impossible: setting it is how it is mended. */
export function settingsOrNone(seen: SeenSettings): ServerSettings | undefined {
  try {
    return seen.settings();
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;

    throw error;
  }
}
