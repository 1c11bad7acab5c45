/** The present settings, as `config show` tells them. */
import type { ConfigDocument } from '../server/config/document.js';
import { findSection } from '../server/config/values.js';
import type { EditedServer } from '../server/settings-source.js';
import { readIniFile } from '../settings/ini-file.js';
import { SETTING_KEYS, type SettingKey } from './keys.js';
import { NETWORK_DISK_KEYS } from './network-disk-keys.js';
import { type SettingValues, valuesOf } from './setting-values.js';

export interface ShownSettings {
  /** Where they are: mailserver.cfg, or the address of the running server. */
  readonly place: string;
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

/** @throws {ConfigurationError} when the source or kms-backup.ini is wrong */
export async function showSettings({
  source,
  installation,
}: EditedServer): Promise<ShownSettings> {
  const { tells } = source;
  const seen = await source.read();
  const all = valuesOf(seen.settings(), readIniFile(installation.dir));
  const keys = SETTING_KEYS.filter(
    ({ table, variable }) => tells?.(table, variable) ?? true,
  );

  // The network disk's are in kms-backup.ini, which is beside the file.
  const values = tells
    ? new Map([...all].filter(([name]) => isAmong(keys, name)))
    : all;

  // Nobody to be told is a choice, not a default.
  const missing = keys.filter(
    (key) =>
      (rawValue(seen.document, key) ?? '') === '' && key.name !== 'notify',
  );

  return {
    place: seen.document.source.path,
    values,
    defaults: new Set(missing.map(({ name }) => name)),
    labels: LABELS,
  };
}

function isAmong(keys: readonly SettingKey[], name: string): boolean {
  return keys.some((key) => key.name === name);
}

function rawValue(
  document: ConfigDocument,
  key: SettingKey,
): string | undefined {
  const table = findSection(document, 'table', key.table);

  return table?.variables.find(({ name }) => name === key.variable)?.value;
}
