import { ConfigurationError, UsageError } from '../errors.js';
import { nearestNames } from '../platform/nearest.js';
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
import { SETTING_KEYS, type SettingKey, type SettingValue } from './keys.js';

/** kms-backup.ini keeps it: the name of the server's own variable is not known. */
export const NETWORK_DISK_USER = 'network-disk-user';
const NETWORK_DISK_PASSWORD_FILE = 'network-disk-password-file';
/** Their keys in the section [network-disk]. */
const NETWORK_DISK: Readonly<Record<string, string>> = {
  [NETWORK_DISK_USER]: 'user',
  [NETWORK_DISK_PASSWORD_FILE]: 'password-file',
};

/** What `config show` tells. */
export interface ShownSettings {
  readonly values: ReadonlyMap<string, SettingValue>;
  /** Names whose value is a default because the file says nothing. */
  readonly defaults: ReadonlySet<string>;
}

/** One `KEY=VALUE`. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
}

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

  return { values, defaults: new Set(missing.map(({ name }) => name)) };
}

/**
 * Takes `KEY=VALUE` words apart and checks the keys.
 * @throws {UsageError} for a word without `=`, an unknown key (with the nearest one), a key twice, or a password
 */
export function parseAssignments(words: readonly string[]): Assignment[] {
  const seen = new Set<string>();
  return words.map((word) => {
    const [, name = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(word) ?? [];
    if (name === '') {
      throw new UsageError(`not KEY=VALUE: ${JSON.stringify(word)}`);
    }

    if (name === 'network-disk-password') {
      throw new UsageError(
        'a password is never taken from an argument: other users can read it in the process list',
        {
          hints: [
            `Write it to a file that only you can read and set ${NETWORK_DISK_PASSWORD_FILE}=FILE.`,
          ],
        },
      );
    }

    const known = [
      ...SETTING_KEYS.map((key) => key.name),
      ...Object.keys(NETWORK_DISK),
    ];

    if (!known.includes(name)) {
      const nearest = nearestNames(name, known, 1)[0];
      const hints = nearest === undefined ? [] : [`Did you mean ${nearest}?`];

      throw new UsageError(`no such setting: ${JSON.stringify(name)}`, {
        hints: [...hints, 'See config show for all.'],
      });
    }

    if (seen.has(name)) throw new UsageError(`${name} is given twice`);

    seen.add(name);

    return { name, value };
  });
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
    const key = NETWORK_DISK[name];
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
): ShownSettings['values'] {
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
): ShownSettings['values'] {
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
