/** The present settings, as `config show` tells them. */
import type { ConfigDocument } from '../server/config/document.js';
import { findSection } from '../server/config/values.js';
import type { EditedServer } from '../server/settings-source.js';
import { readIniFile } from '../settings/ini-file.js';
import { SETTING_KEYS, type SettingKey } from './keys.js';
import { NETWORK_DISK_KEYS } from './network-disk-keys.js';
import { type SettingValues, valuesOf } from './setting-values.js';

export interface ShownSettings {
  readonly values: SettingValues;
  /** Names whose value is a default because the file says nothing. */
  readonly defaults: ReadonlySet<string>;
  /** The meaning of each setting, in the words of the Backup tab. */
  readonly labels: ReadonlyMap<string, string>;
}

const LABELS: ReadonlyMap<string, string> = new Map([
  ...SETTING_KEYS.map(({ name, label }) => [name, label] as const),
  ...Object.keys(NETWORK_DISK_KEYS).map(
    (name) => [name, 'Login at the network disk (Windows)'] as const,
  ),
]);

/** @throws {ConfigurationError} when mailserver.cfg or kms-backup.ini is wrong */
export function showSettings({
  source,
  installation,
}: EditedServer): ShownSettings {
  const seen = source.read();
  const values = valuesOf(seen.settings(), readIniFile(installation.dir));

  // Nobody to be told is a choice, not a default.
  const missing = SETTING_KEYS.filter(
    (key) =>
      (rawValue(seen.document, key) ?? '') === '' && key.name !== 'notify',
  );

  return {
    values,
    defaults: new Set(missing.map(({ name }) => name)),
    labels: LABELS,
  };
}

function rawValue(
  document: ConfigDocument,
  key: SettingKey,
): string | undefined {
  const table = findSection(document, 'table', key.table);

  return table?.variables.find(({ name }) => name === key.variable)?.value;
}
