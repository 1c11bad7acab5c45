import { ExitCode } from '../../errors.js';
import type { TargetEdit } from '../../jobs/targets.js';
import type { TargetTrial } from '../../jobs/test-target.js';
import type {
  BucketSettings,
  TargetSettings,
} from '../../settings/target-section.js';
import { document } from '../document.js';
import { formatTable } from '../table.js';
import { formatChecks } from './doctor.js';

/** Targets as a document; it holds no secret. */
export function documentTargets(targets: readonly TargetSettings[]): object {
  return document('targets', { targets: targets.map(documentTarget) });
}

/** One of them. */
export function documentOneTarget(target: TargetSettings): object {
  return document('target', { target: documentTarget(target) });
}

function documentTarget(target: TargetSettings): object {
  return {
    ...target,
    place: placeOf(target),
    ...(target.type === 's3' && {
      credentialProcess: firstWord(target.credentialProcess),
    }),
  };
}

/** A line for each. */
export function formatTargets(targets: readonly TargetSettings[]): string {
  if (targets.length === 0) {
    return 'No targets. Add one: kms-backup target add NAME s3://BUCKET/PREFIX, or a directory';
  }

  return formatTable(
    [
      ['NAME', 'PLACE', 'ENDPOINT', 'KEYS'],
      ...targets.map((target) => [
        target.name,
        placeOf(target),
        (target.type === 's3' ? target.endpoint : undefined) ?? '-',
        target.type === 's3' ? describeKeys(target) : '-',
      ]),
    ],
    ['ENDPOINT'],
  ).join('\n');
}

/** The settings of one, a line each. */
export function formatTarget(target: TargetSettings): string {
  const { rules, name, ...settings } = target;
  const shown = { ...settings, ...rules, ...shownOfBucket(target) };

  const lines = Object.entries(shown).flatMap(([key, value]) =>
    value === undefined ? [] : [[toKey(key), toText(value)] as const],
  );
  const width = Math.max(...lines.map(([key]) => key.length));

  return [
    `${name}  ${placeOf(target)}`,
    ...lines.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`),
  ].join('\n');
}

/** What is shown of a bucket otherwise than it is set. */
function shownOfBucket(
  target: TargetSettings,
): Readonly<Record<string, string | undefined>> {
  if (target.type === 'directory') return {};

  const { credentialProcess, retentionMs } = target;

  return {
    credentialProcess: firstWord(credentialProcess),
    retentionMs: undefined,
    retention: retentionMs === undefined ? undefined : toDays(retentionMs),
    keys: describeKeys(target),
  };
}

function placeOf(target: TargetSettings): string {
  return target.type === 'directory'
    ? target.directory
    : `s3://${target.bucket}/${target.prefix}`.replace(/\/$/, '');
}

/** Where the keys come from. */
function describeKeys(target: BucketSettings): string {
  const { credentialsFile, credentialProcess, profile } = target;
  const section = profile === undefined ? '' : `, profile ${profile}`;

  if (credentialsFile !== undefined) return `${credentialsFile}${section}`;
  if (credentialProcess !== undefined) return 'credential-process';

  return profile === undefined
    ? 'environment, ~/.aws or role'
    : `profile ${profile}`;
}

const toDays = (ms: number): string => `${String(ms / 86_400_000)}d`;

/** A command line may hold what nobody is to see. */
function firstWord(command: string | undefined): string | undefined {
  return command?.replace(/^(\S+)\s.*$/s, '$1 …');
}

const KEYS: Readonly<Record<string, string>> = {
  uploadLimitBytes: 'upload-limit',
};

function toKey(field: string): string {
  return (
    KEYS[field] ??
    field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  );
}

function toText(value: string | boolean | number | readonly string[]): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';

  return typeof value === 'object' ? value.join(', ') : String(value);
}

/** What was written, or would be. */
export function documentTargetEdit(edit: TargetEdit): object {
  const { name, iniPath, isDryRun } = edit;

  return document('target-edit', {
    name,
    iniPath,
    isDryRun,
    place: placeOf(edit.target),
  });
}

export function formatTargetAdded(edit: TargetEdit): string {
  const { name, iniPath, target, isDryRun } = edit;
  if (isDryRun) return [...addedLines(edit), 'Nothing was changed.'].join('\n');

  return [
    `Added [target.${name}] to ${iniPath}: ${placeOf(target)}`,
    `Try it: kms-backup target test ${name}`,
  ].join('\n');
}

/** The lines of the new section. */
function addedLines({ name, after }: TargetEdit): string[] {
  const lines = after.split(/\r?\n/);
  const start = lines.indexOf(`[target.${name}]`);

  return lines.slice(start).filter((line) => line !== '');
}

export function formatTargetRemoved({
  name,
  iniPath,
  target,
  isDryRun,
}: TargetEdit): string {
  if (isDryRun) {
    return `Would take [target.${name}] out of ${iniPath}.\nNothing was changed.`;
  }

  return `Took [target.${name}] out of ${iniPath}. What lies in ${placeOf(target)} stays.`;
}

export function documentTrial({ target, place, checks }: TargetTrial): object {
  return document('target-test', {
    target,
    place,
    checks,
    problems: countProblems(checks),
  });
}

export function formatTrial({ checks }: TargetTrial): string {
  return formatChecks(checks);
}

export function trialExitCode({ checks }: TargetTrial): ExitCode {
  return countProblems(checks) > 0 ? ExitCode.failed : ExitCode.done;
}

function countProblems(checks: TargetTrial['checks']): number {
  return checks.filter(({ state }) => state === 'problem').length;
}
