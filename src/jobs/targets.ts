/** The targets of kms-backup.ini: which there are, and how one is added or taken out. */
import { resolve } from 'node:path';
import { ConfigurationError, NotFoundError, UsageError } from '../errors.js';
import { nearestNames } from '../platform/nearest.js';
import type { Installation } from '../server/installation.js';
import {
  withIniValue,
  withoutIniSection,
  writeIniText,
} from '../settings/ini-edit.js';
import {
  parseIniText,
  readIniFile,
  readIniText,
} from '../settings/ini-file.js';
import {
  isTargetName,
  targetSection,
  type TargetSettings,
} from '../settings/target-section.js';
import { parseAddress } from './archive-places.js';
import { findServer, type ServerFlags } from './server.js';

/** The keys that hold a path: relative to where the command is called. */
const PATH_KEYS: ReadonlySet<string> = new Set([
  'credentials-file',
  'ca-file',
  'directory',
  'passphrase-file',
  'identity-file',
  'spool',
]);

/** The keys of a section, each with the flag of that name. */
const TARGET_KEYS = [
  'directory',
  'endpoint',
  'region',
  'bucket',
  'prefix',
  'path-style',
  'profile',
  'credentials-file',
  'credential-process',
  'ca-file',
  'proxy',
  'storage-class',
  'retention',
  'retention-mode',
  'recipients',
  'passphrase-file',
  'identity-file',
  'index-cache',
  'upload-limit',
  'spool',
] as const;

/** What a command says of a target, by key. */
export type TargetFlags = ServerFlags & {
  readonly 'dry-run': boolean;
} & Readonly<
    Partial<Record<(typeof TARGET_KEYS)[number], string | boolean | undefined>>
  >;

/** A change of kms-backup.ini. */
export interface TargetEdit {
  readonly name: string;
  readonly iniPath: string;
  readonly before: string;
  readonly after: string;
  /** As the file says it afterwards, or said it before it was taken out. */
  readonly target: TargetSettings;
  readonly isDryRun: boolean;
}

/** @throws {NotFoundError} without a server · {ConfigurationError} when kms-backup.ini is wrong */
export function listTargets(flags: ServerFlags): readonly TargetSettings[] {
  return readIniFile(findServer(flags).dir).targets;
}

/** @throws {NotFoundError} when there is no such target */
export function findTarget(name: string, flags: ServerFlags): TargetSettings {
  return targetNamed(name, listTargets(flags));
}

/**
 * Writes the section of a new target.
 * @param address `s3://bucket/prefix`, in place of the flags of these names, or a directory
 * @throws {UsageError} when the name is taken or the settings make no target
 */
export function addTarget(
  name: string,
  address: string | undefined,
  flags: TargetFlags,
): TargetEdit {
  if (!isTargetName(name)) {
    throw new UsageError(`${name} is no name for a target`, {
      hints: ['Use letters, digits, - and _.'],
    });
  }

  const installation = findServer(flags);
  const before = readIniText(installation.dir);
  const { targets } = parseIniText(before, installation.dir);
  if (targets.some((target) => target.name === name)) {
    throw new UsageError(`there is a target ${name} already`, {
      hints: [`Take it out first: kms-backup target rm ${name}.`],
    });
  }

  const after = withTarget(before, name, valuesOf(address, flags));
  const target = targetNamed(name, checkedTargets(after, installation));

  return write(installation, { before, after, target }, flags);
}

/** Takes the section of a target out; what lies in the bucket stays. @throws {NotFoundError} when there is none */
export function removeTarget(
  name: string,
  flags: ServerFlags & { readonly 'dry-run': boolean },
): TargetEdit {
  const installation = findServer(flags);
  const before = readIniText(installation.dir);
  const { targets } = parseIniText(before, installation.dir);
  const target = targetNamed(name, targets);
  const after = withoutIniSection(before, targetSection(name));

  return write(installation, { before, after, target }, flags);
}

function write(
  { dir }: Installation,
  edit: Pick<TargetEdit, 'before' | 'after' | 'target'>,
  { 'dry-run': isDryRun }: { readonly 'dry-run': boolean },
): TargetEdit {
  if (!isDryRun) writeIniText(dir, edit.after);

  const iniPath = resolve(dir, 'kms-backup.ini');

  return { ...edit, name: edit.target.name, iniPath, isDryRun };
}

function targetNamed(
  name: string,
  targets: readonly TargetSettings[],
): TargetSettings {
  const target = targets.find((one) => one.name === name);
  if (target) return target;

  const names = targets.map((one) => one.name);
  const [nearest] = nearestNames(name, names);
  const known =
    names.length === 0
      ? 'kms-backup.ini has no target: add one with target add.'
      : `The targets are ${names.join(', ')}.`;

  throw new NotFoundError(`there is no target ${name}`, {
    hints: [nearest === undefined ? known : `Did you mean ${nearest}?`],
  });
}

/** The values of the section, in the order of its keys. */
function valuesOf(
  address: string | undefined,
  flags: TargetFlags,
): [key: string, value: string][] {
  const given = { ...flags, ...placeIn(address) };

  return TARGET_KEYS.flatMap((key) => {
    const value = given[key];
    return value === undefined ? [] : [[key, spelled(key, value)] as const];
  }).map(([key, value]) => [key, value]);
}

/** What an address says, by key. */
function placeIn(address: string | undefined): Pick<TargetFlags, PlaceKey> {
  if (address === undefined) return {};
  if (!/^[a-z0-9]+:\/\//i.test(address)) return { directory: address };

  const { fileName, ...place } = parseAddress(address);
  if (fileName === undefined) return place;

  throw new UsageError(`${fileName} is an archive, no place for archives`);
}

type PlaceKey = 'directory' | 'bucket' | 'prefix';

function spelled(key: string, value: string | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';

  return PATH_KEYS.has(key) ? resolve(value) : value;
}

function withTarget(
  text: string,
  name: string,
  values: readonly (readonly [key: string, value: string])[],
): string {
  const section = targetSection(name);
  const isDirectory = values.some(([key]) => key === 'directory');
  const type = isDirectory ? 'directory' : 's3';
  const lines = [['type', type] as const, ...values];

  // Each line is put right below the head.
  return lines.reduceRight(
    (after, [key, value]) => withIniValue(after, { section, key }, value),
    text,
  );
}

/** What is wrong with the new section is wrong usage, and nothing is written. */
function checkedTargets(
  text: string,
  { dir }: Installation,
): readonly TargetSettings[] {
  try {
    return parseIniText(text, dir).targets;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    const message = error.message.replace(/^kms-backup\.ini (line \d+: )?/, '');

    throw new UsageError(message, { hints: error.hints });
  }
}
