import { ConfigurationError, UsageError } from '../errors.js';
import type { ConfigDocument } from '../server/config/document.js';
import {
  editConfig,
  type EditOptions,
  type EditReport,
  readConfig,
} from '../server/config/file.js';
import { findSection } from '../server/config/values.js';
import { withIniValue, writeIniText } from '../settings/ini-edit.js';
import {
  parseIniText,
  readIniFile,
  readIniText,
} from '../settings/ini-file.js';
import type { IniSettings } from '../settings/ini-settings.js';
import type { Installation } from '../server/installation.js';
import { type ServerSettings, settingsOf } from '../server/settings.js';
import type { Assignment } from './assignments.js';
import {
  NETWORK_DISK_KEYS,
  NETWORK_DISK_PASSWORD_FILE,
  NETWORK_DISK_USER,
} from './network-disk-keys.js';
import { SETTING_KEYS, type SettingKey, type SettingValue } from './keys.js';

const LABELS: ReadonlyMap<string, string> = new Map([
  ...SETTING_KEYS.map(({ name, label }) => [name, label] as const),
  ...Object.keys(NETWORK_DISK_KEYS).map(
    (name) => [name, 'Login at the network disk (Windows)'] as const,
  ),
]);

/** What `config show` tells. */
export interface ShownSettings {
  readonly values: ReadonlyMap<string, SettingValue>;
  /** Names whose value is a default because the file says nothing. */
  readonly defaults: ReadonlySet<string>;
  /** What each means, in the words of the Backup tab. */
  readonly labels: ReadonlyMap<string, string>;
}

type SettingValues = ShownSettings['values'];

/** What `config set` did, or would do. */
export interface SetReport extends EditReport {
  /** The settings that got another value. */
  readonly changed: readonly {
    readonly name: string;
    readonly from: SettingValue;
    readonly to: SettingValue;
  }[];
}

/** The present settings. @throws {ConfigurationError} when mailserver.cfg or kms-backup.ini is wrong */
export function showSettings(installation: Installation): ShownSettings {
  const document = readConfig(installation);
  const values = valuesOf(
    settingsOf(document, installation.dir),
    readIniFile(installation.dir),
  );

  const missing = SETTING_KEYS.filter(
    (key) => (rawValue(document, key) ?? '') === '' && key.name !== 'notify',
  );

  return {
    values,
    defaults: new Set(missing.map(({ name }) => name)),
    labels: LABELS,
  };
}

/**
 * Sets settings in mailserver.cfg, and the network-disk ones in kms-backup.ini.
 * @throws {UsageError} when a value is impossible; nothing is written then, into either file
 * @throws as `editConfig`
 */
export async function setSettings(
  installation: Installation,
  assignments: readonly Assignment[],
  options: EditOptions,
): Promise<SetReport> {
  const ini = planNetworkDisk(installation, assignments);
  const wanted = assignments.flatMap(({ name, value }) => {
    const key = SETTING_KEYS.find((candidate) => candidate.name === name);
    return key ? [{ key, value: key.toFile(value, process.platform) }] : [];
  });

  const report = await editConfig(installation, options, (document) => {
    const present = settingsOrNone(document, installation);
    const others = wanted.filter(
      ({ key, value }) => !present || value !== spelled(key, present),
    );

    return others.map(({ key, value }) => ({
      kind: 'set',
      table: key.table,
      name: key.variable,
      value,
    }));
  });

  const isIniChanged = ini.after !== ini.before;

  if (isIniChanged && options.isDryRun !== true) {
    writeIniText(installation.dir, ini.after);
  }

  const [from, to] = [
    valuesOrNone(report.before, ini.before, installation),
    valuesOrNone(report.after, ini.after, installation),
  ];

  const changed = assignments
    .map(({ name, value }) => ({
      name,
      from: from.get(name) ?? '',
      to: to.get(name) ?? value,
    }))
    .filter((it) => it.from !== it.to);

  return { ...report, isChanged: report.isChanged || isIniChanged, changed };
}

/** kms-backup.ini before and after. @throws {UsageError} for a value that it cannot hold */
function planNetworkDisk(
  installation: Installation,
  assignments: readonly Assignment[],
): { before: string; after: string } {
  const before = readIniText(installation.dir);
  let after = before;

  for (const { name, value } of assignments) {
    const key = NETWORK_DISK_KEYS[name];
    if (key !== undefined) {
      after = withIniValue(after, { section: 'network-disk', key }, value);
    }
  }

  return { before, after };
}

function valuesOrNone(
  document: ConfigDocument,
  ini: string,
  installation: Installation,
): SettingValues {
  const settings = settingsOrNone(document, installation);
  return settings
    ? valuesOf(settings, parseIniText(ini, installation.dir))
    : new Map();
}

/** Undefined where a value in the file is impossible: setting it is how it is mended. */
function settingsOrNone(
  document: ConfigDocument,
  { dir }: Installation,
): ServerSettings | undefined {
  try {
    return settingsOf(document, dir);
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;

    throw error;
  }
}

function valuesOf(
  settings: ServerSettings,
  { networkDisk }: IniSettings,
): SettingValues {
  return new Map<string, SettingValue>([
    ...SETTING_KEYS.map((key) => [key.name, key.read(settings)] as const),
    [NETWORK_DISK_USER, networkDisk.user ?? ''],
    [NETWORK_DISK_PASSWORD_FILE, networkDisk.passwordFile ?? ''],
  ]);
}

/**
 * What the file would hold for the present value: what is missing or written in another way stays so as long as it means
 * the same. Undefined for a value that nobody could set.
 */
function spelled(key: SettingKey, present: ServerSettings): string | undefined {
  try {
    return key.toFile(String(key.read(present)), process.platform);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function rawValue(
  document: ConfigDocument,
  key: SettingKey,
): string | undefined {
  const table = findSection(document, 'table', key.table);
  return table?.variables.find(({ name }) => name === key.variable)?.value;
}
