import { UsageError } from '../errors.js';
import { nearestNames } from '../platform/nearest.js';
import type { ConfigChange } from '../server/config-change.js';
import type { ConfigDocument } from '../server/config-document.js';
import { editConfig, type EditOptions, type EditReport, readConfig } from '../server/config-file.js';
import { findSection } from '../server/config-values.js';
import { writeIniValue } from '../server/ini-edit.js';
import { readIniFile } from '../server/ini-file.js';
import type { Installation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import { SETTING_KEYS, type SettingKey, type SettingValue } from './keys.js';

/** kms-backup.ini keeps it: the name of the server's own variable is not known. */
export const NETWORK_DISK_USER = 'network-disk-user';
const NETWORK_DISK_PASSWORD_FILE = 'network-disk-password-file';

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
  readonly changed: readonly { readonly name: string; readonly from: SettingValue; readonly to: SettingValue }[];
}

/** The present settings. @throws {ConfigurationError} when mailserver.cfg or kms-backup.ini is wrong */
export function showSettings(installation: Installation): ShownSettings {
  const document = readConfig(installation);
  const settings = readSettings(installation);
  const values = new Map<string, SettingValue>(SETTING_KEYS.map((key) => [key.name, key.read(settings)]));
  const { user, passwordFile } = readIniFile(installation.dir).networkDisk;
  values.set(NETWORK_DISK_USER, user ?? '');
  values.set(NETWORK_DISK_PASSWORD_FILE, passwordFile ?? '');
  const missing = SETTING_KEYS.filter((key) => (rawValue(document, key) ?? '') === '' && key.name !== 'notify');
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
    if (name === '') throw new UsageError(`not KEY=VALUE: ${JSON.stringify(word)}`);
    if (name === 'network-disk-password') {
      throw new UsageError('a password is never taken from an argument: other users can read it in the process list', {
        hints: [`Write it to a file that only you can read and set ${NETWORK_DISK_PASSWORD_FILE}=FILE.`],
      });
    }
    const known = [...SETTING_KEYS.map((key) => key.name), NETWORK_DISK_USER, NETWORK_DISK_PASSWORD_FILE];
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
 * @throws {UsageError} when a value is impossible; nothing is written then
 * @throws as `editConfig`
 */
export async function setSettings(
  installation: Installation,
  assignments: readonly Assignment[],
  options: EditOptions & { readonly platform?: NodeJS.Platform },
): Promise<SetReport> {
  const platform = options.platform ?? process.platform;
  const wanted = assignments.flatMap(({ name, value }) => {
    const key = SETTING_KEYS.find((candidate) => candidate.name === name);
    return key ? [{ key, value: key.toFile(value, platform) }] : [];
  });
  const disk = assignments.filter(({ name }) => name === NETWORK_DISK_USER || name === NETWORK_DISK_PASSWORD_FILE);
  const before = showOrUndefined(installation);
  const report = await editConfig(installation, options, (document) =>
    wanted.filter(({ key, value }) => isDifferent(document, key, value)).map(({ key, value }) => toChange(key, value)),
  );
  const ini = options.isDryRun ? [] : disk.map((assignment) => setNetworkDisk(installation, assignment));
  const after = options.isDryRun ? undefined : showSettings(installation);
  const changed = assignments
    .map(({ name, value }) => ({ name, from: before?.values.get(name) ?? '', to: after?.values.get(name) ?? value }))
    .filter(({ name, from, to }) => from !== to && (report.isChanged || ini.length > 0 || name.startsWith('network')));
  return { ...report, isChanged: report.isChanged || ini.includes(true), changed };
}

function setNetworkDisk(installation: Installation, { name, value }: Assignment): boolean {
  if (/[\r\n]/.test(value)) throw new UsageError(`${name} holds a line end`);
  const key = name === NETWORK_DISK_USER ? 'user' : 'password-file';
  return writeIniValue(installation.dir, { section: 'network-disk', key }, value);
}

/** Undefined where a value in the file is impossible: setting it is how it is repaired. */
function showOrUndefined(installation: Installation): ShownSettings | undefined {
  try {
    return showSettings(installation);
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error && error.exitCode === 2) return undefined;
    throw error;
  }
}

/** A missing variable that means the same by default is left missing. */
function isDifferent(document: ConfigDocument, key: SettingKey, value: string): boolean {
  const raw = rawValue(document, key)?.trim();
  if (raw !== undefined && raw !== '') return raw !== value;
  const defaults: Readonly<Record<string, string>> = {
    MaxFileSize: '2147483647',
    RotationLimit: '7',
    AdminNotify: '',
  };
  return key.variable === 'BackupDir' || value !== (defaults[key.variable] ?? '1');
}

function rawValue(document: ConfigDocument, key: SettingKey): string | undefined {
  const table = findSection(document, 'table', key.table);
  return table?.variables.find(({ name }) => name === key.variable)?.value;
}

function toChange(key: SettingKey, value: string): ConfigChange {
  return { kind: 'set', table: key.table, name: key.variable, value };
}
