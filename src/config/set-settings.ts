/** Settings are set: those of the server in its settings source, those of the network disk in kms-backup.ini. */
import { UsageError } from '../errors.js';
import type { ConfigChange } from '../server/config/change.js';
import type { ServerSettings } from '../server/settings.js';
import {
  type EditedServer,
  type EditOptions,
  type EditReport,
  editSettings,
  type SeenSettings,
} from '../server/settings-source.js';
import { withIniValue, writeIniText } from '../settings/ini-edit.js';
import { parseIniText, readIniText } from '../settings/ini-file.js';
import type { Assignment } from './assignments.js';
import { SETTING_KEYS, type SettingKey, type SettingValue } from './keys.js';
import { NETWORK_DISK_KEYS } from './network-disk-keys.js';
import {
  settingsOrNone,
  type SettingValues,
  valuesOf,
} from './setting-values.js';

/** The result of `config set`, or of its preview. */
export interface SetReport extends EditReport {
  /** The settings that got another value. */
  readonly changed: readonly {
    readonly name: string;
    readonly from: SettingValue;
    readonly to: SettingValue;
  }[];
}

/**
 * Sets what is assigned. A value that means what the file says already leaves the file as it is written.
 * @throws {UsageError} when a value is impossible; nothing is written then, into either file
 * @throws as `editSettings`
 */
export async function setSettings(
  { source, installation }: EditedServer,
  assignments: readonly Assignment[],
  options: EditOptions,
): Promise<SetReport> {
  refuseUntold(source, assignments);

  const { dir } = installation;
  const ini = planNetworkDisk(readIniText(dir), assignments);
  const wanted = wantedValues(assignments);

  const report = await editSettings(source, options, (seen) =>
    planSettings(seen, wanted),
  );

  const isIniChanged = ini.after !== ini.before;
  if (isIniChanged && options.isDryRun !== true) writeIniText(dir, ini.after);

  const from = valuesOrNone(report.before, ini.before, dir);
  const to = valuesOrNone(report.after, ini.after, dir);

  return {
    ...report,
    isChanged: report.isChanged || isIniChanged,
    changed: assignments
      .map(({ name, value }) => ({
        name,
        from: from.get(name) ?? '',
        to: to.get(name) ?? value,
      }))
      .filter((change) => change.from !== change.to),
  };
}

/** @throws {UsageError} for a setting that the source has no place for */
function refuseUntold(
  { tells }: EditedServer['source'],
  assignments: readonly Assignment[],
): void {
  if (!tells) return;

  for (const { name } of assignments) {
    const key = SETTING_KEYS.find((candidate) => candidate.name === name);

    if (!key || !tells(key.table, key.variable)) {
      throw new UsageError(
        `the running server cannot be told ${name}: its interface has no such setting`,
        {
          hints: [
            'Set it in the file: stop the mail server and leave out --via api.',
          ],
        },
      );
    }
  }
}

/** A setting and what the file is to hold for it. */
interface WantedValue {
  readonly key: SettingKey;
  readonly value: string;
}

/** Without those of the network disk. @throws {UsageError} when a value is impossible on this platform */
function wantedValues(assignments: readonly Assignment[]): WantedValue[] {
  return assignments.flatMap(({ name, value }) => {
    const key = SETTING_KEYS.find((candidate) => candidate.name === name);

    return key ? [{ key, value: key.toFile(value, process.platform) }] : [];
  });
}

function planSettings(
  seen: SeenSettings,
  wanted: readonly WantedValue[],
): ConfigChange[] {
  const present = settingsOrNone(seen);
  const others = wanted.filter(
    ({ key, value }) => !present || value !== spelled(key, present),
  );

  return others.map(({ key, value }) => ({
    kind: 'set',
    table: key.table,
    name: key.variable,
    value,
  }));
}

/**
 * Returns the file's value for the present setting. A missing value, and one of another spelling, stay as they are while the
 * meaning is the same. Undefined for a value that `config set` does not accept.
 */
function spelled(key: SettingKey, present: ServerSettings): string | undefined {
  try {
    return key.toFile(String(key.read(present)), process.platform);
  } catch (error) {
    if (error instanceof UsageError) return undefined;

    throw error;
  }
}

/** kms-backup.ini before and after. @throws {UsageError} for a value that it cannot hold */
function planNetworkDisk(
  before: string,
  assignments: readonly Assignment[],
): { before: string; after: string } {
  let after = before;

  for (const { name, value } of assignments) {
    const key = NETWORK_DISK_KEYS[name];
    if (key !== undefined) {
      after = withIniValue(after, { section: 'network-disk', key }, value);
    }
  }

  return { before, after };
}

/** None where a value of the server is impossible. */
function valuesOrNone(
  seen: SeenSettings,
  iniText: string,
  dir: string,
): SettingValues {
  const settings = settingsOrNone(seen);

  return settings
    ? valuesOf(settings, parseIniText(iniText, dir))
    : new Map<string, SettingValue>();
}
