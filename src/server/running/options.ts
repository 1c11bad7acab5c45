/** The options of the server's backup, in the server's words and in those of mailserver.cfg. Pure. */
import { FailedError, UsageError } from '../../errors.js';
import { JsonAnswer, type JsonObject } from '../../platform/json-answer.js';
import type { ItemValues } from '../config/change.js';
import { MAX_VOLUME_BYTES } from '../settings.js';

/** One option that both have. */
interface SharedOption {
  readonly table: 'Directories' | 'StoreBackup';
  readonly variable: string;
  /** The steps to it in `BackupOptions`. */
  readonly steps: readonly [string] | readonly [string, string];
  readonly toFile: (answer: JsonAnswer) => string;
  /** @throws {UsageError} where the interface has no such value */
  readonly toJson: (text: string) => unknown;
}

const MIB = 1024 ** 2;
/** Of MiB: a volume has at most 2 GiB, which is one byte more than the file says. */
const MOST_MIB = Math.ceil(MAX_VOLUME_BYTES / MIB);
const MOST_NUMBER = 2 ** 31 - 1;

const text = (answer: JsonAnswer): string => answer.text();
const asIs = (value: string): string => value;

/** What the interface has of the settings of a backup; all else only the file has. */
const SHARED: readonly SharedOption[] = [
  {
    table: 'Directories',
    variable: 'BackupDir',
    steps: ['paths', 'backupPath'],
    toFile: text,
    toJson: asIs,
  },
  {
    table: 'StoreBackup',
    variable: 'Enabled',
    steps: ['isEnabled'],
    toFile: (answer) => (answer.flag() ? '1' : '0'),
    toJson: (value) => value === '1',
  },
  {
    table: 'StoreBackup',
    variable: 'MaxFileSize',
    steps: ['splitSizeLimit'],
    toFile: (answer) => String(answer.wholeNumber(1, MOST_MIB) * MIB),
    toJson: toWholeMib,
  },
  {
    table: 'StoreBackup',
    variable: 'AdminNotify',
    steps: ['notificationEmailAddress'],
    toFile: text,
    toJson: asIs,
  },
  {
    table: 'StoreBackup',
    variable: 'RotationLimit',
    steps: ['rotationLimit'],
    toFile: (answer) => String(answer.wholeNumber(0, MOST_NUMBER)),
    toJson: Number,
  },
];

/** Says whether the interface has a variable of mailserver.cfg. */
export function isShared(table: string, variable: string): boolean {
  return findShared(table, variable) !== undefined;
}

function findShared(table: string, variable: string): SharedOption | undefined {
  return SHARED.find(
    (option) => option.table === table && option.variable === variable,
  );
}

/** The values of one table of mailserver.cfg. @throws {UnknownAnswerError} */
export function tableOf(table: string, options: JsonObject): ItemValues {
  return SHARED.filter((option) => option.table === table).map(
    ({ variable, steps, toFile }) => [variable, toFile(at(options, steps))],
  );
}

/** The place of the store, which is only read. */
export function storePathOf(options: JsonObject): string {
  return at(options, ['paths', 'storePath']).text();
}

function at(options: JsonObject, steps: readonly string[]): JsonAnswer {
  return steps.reduce(
    (answer, step) => answer.field(step),
    new JsonAnswer('Backup.get: options', options),
  );
}

/**
 * The smallest thing to set for a variable, and the options as they are to be then.
 * @throws {UsageError} for a value that the interface has not
 */
export function withOption(
  { asked, wanted }: OptionEdit,
  table: string,
  change: { readonly name: string; readonly value: string },
): OptionEdit {
  const option = findShared(table, change.name);
  if (!option) {
    throw new FailedError(`the interface has no ${change.name}`);
  }

  const value = option.toJson(change.value);

  return {
    asked: put(asked, option.steps, value),
    wanted: put(wanted, option.steps, value),
  };
}

/** Options that are to be set. */
export interface OptionEdit {
  /** Only what is another. */
  readonly asked: JsonObject;
  /** All of them, as they should be afterwards. */
  readonly wanted: JsonObject;
}

function put(
  object: JsonObject,
  [first, second]: SharedOption['steps'],
  value: unknown,
): JsonObject {
  if (second === undefined) return { ...object, [first]: value };

  return {
    ...object,
    [first]: { ...(object[first] as JsonObject | undefined), [second]: value },
  };
}

function toWholeMib(value: string): number {
  const bytes = Number(value);
  if (bytes === MAX_VOLUME_BYTES) return MOST_MIB;
  if (bytes % MIB === 0) return bytes / MIB;

  const near = Math.max(1, Math.round(bytes / MIB));

  throw new UsageError(
    `the running server takes a volume-size in whole MiB, and ${value} bytes are none`,
    { hints: [`Write volume-size=${near}MiB.`] },
  );
}
