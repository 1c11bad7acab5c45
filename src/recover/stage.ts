import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Directories } from '../archive/read/entry-files.js';
import { AREA_PREFIXES } from '../store/entry-place.js';
import { MESSAGE_DIRECTORY } from '../store/message-file.js';
import { readSelections } from '../archive/read/read-archive.js';
import { type TargetRule, targetOf } from '../archive/read/read-tasks.js';
import { DamagedArchiveError, errnoOf, NoSpaceError } from '../errors.js';
import { existingAncestor } from '../platform/disk-space.js';
import { giveTime } from '../platform/file-times.js';
import { optionally } from '../platform/optional-calls.js';
import { tellStep } from '../platform/steps.js';
import { syncTree } from '../platform/sync-tree.js';
import { toSystemError } from '../platform/system-error.js';
import type { ChainEntries } from './select-entries.js';
import { refuseDamaged } from './judge-damage.js';
import type { PlacedTop } from './placed-tops.js';
import { findFoldedTwins } from './folded-twins.js';
import { dropStaged } from './staging.js';
import { toReadError } from '../archive/read-error.js';
import type { RecoverRequest } from './request.js';

/**
 * Extracts a chain's point into the staging directories and proves it: every checksum was right, every byte is on the
 * disk. An abort leaves staging directories without a journal, which the next call sweeps.
 * @returns the entries whose times the file system does not keep
 * @throws {DamagedArchiveError} naming the entries that are damaged; nothing is left then
 */
export async function stage(
  request: RecoverRequest,
  entries: ChainEntries,
  tops: readonly PlacedTop[],
): Promise<readonly string[]> {
  for (const { placement } of tops) {
    tellStep(`staging ${placement.name} in ${placement.staging}`);
  }

  const stagings = [...new Set(tops.map(({ placement }) => placement.staging))];
  try {
    for (const staging of stagings) refuseTwins(staging, entries);

    const rules = tops.flatMap(toRules);

    const report = await readSelections(entries.selections, {
      ...request,
      rules,
      phase: 'recovering',
    });

    refuseDamaged(report.problems);

    const offTimes = [
      ...report.offTimes,
      ...finishDirectories(entries, tops, rules),
    ];

    for (const staging of stagings) syncTree(staging);
    request.signal?.throwIfAborted();

    return offTimes;
  } catch (error) {
    for (const staging of stagings) dropStaged(staging);
    throw toStageError(error);
  }
}

export function toStageError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const fact =
      code === 'ENOSPC'
        ? 'is full'
        : 'is full for this user: the quota is used up';

    return new NoSpaceError(`the disk of the store ${fact}`, {
      hints: [
        'Nothing was changed. Free space there, or recover with --in-place, which has no undo.',
      ],
      cause: error,
    });
  }

  const readError = toReadError(error);
  if (readError !== error) return readError;

  return toSystemError(error, { hints: ['Nothing was changed.'] }) ?? error;
}

function toRules({ area, placement }: PlacedTop): TargetRule[] {
  const { name, staged, live, staging } = placement;
  const owner = ownerOf(live, staging);
  const prefixes: string[] = AREA_PREFIXES.filter(
    (own) => own.area === area,
  ).map(({ prefix }) => prefix);

  if (area === 'install') prefixes.push('');

  return prefixes.flatMap((prefix) => [
    { prefix: `${prefix}${name}/`, isTree: true, target: `${staged}/`, owner },
    { prefix: prefix + name, isTree: false, target: staged, owner },
  ]);
}

/**
 * Run as root, what is recovered belongs to whom the place belonged to. Undefined where it does anyway, as the staging
 * directory shows: 200,000 calls less.
 */
function ownerOf(live: string, staging: string): TargetRule['owner'] {
  if (process.platform === 'win32' || process.getuid?.() !== 0) {
    return undefined;
  }

  const { uid, gid } = statSync(existingAncestor(live));
  const made = statSync(staging);
  return made.uid === uid && made.gid === gid ? undefined : { uid, gid };
}

/**
 * Modes, owners and times of directories, the deepest first: creating files in them is over.
 * @returns those whose times the file system does not keep
 */
function finishDirectories(
  entries: ChainEntries,
  tops: readonly PlacedTop[],
  rules: readonly TargetRule[],
): string[] {
  const directories = makeDirectories(entries, rules);

  const withMode = new Set(
    directories.filter(({ mode }) => mode !== 0).map(({ path }) => path),
  );
  for (const { placement } of tops) giveNeighboursRights(placement, withMode);
  directories.sort((a, b) => b.path.length - a.path.length);

  return directories
    .filter((directory) => !finishDirectory(directory))
    .map(({ name }) => name);
}

/** A directory of the archive, and the place where it was made. */
interface MadeDirectory {
  readonly name: string;
  readonly path: string;
  /** 0: the archive does not say it. */
  readonly mode: number;
  readonly mtimeTicks: bigint;
  readonly owner: TargetRule['owner'];
}

function makeDirectories(
  entries: ChainEntries,
  rules: readonly TargetRule[],
): MadeDirectory[] {
  const directories = new Directories();
  const made: MadeDirectory[] = [];

  for (const { table, indices } of entries.selections) {
    for (const index of indices) {
      if (!table.isDirectory(index)) continue;

      const target = targetOf(rules, table.name(index));
      if (!target) continue;

      const path = target.path.replace(/\/+$/, '');
      directories.make(path);
      made.push({
        name: table.name(index),
        path,
        mode: table.mode(index) & 0o3777,
        mtimeTicks: table.mtimeTicks(index),
        owner: target.rule.owner,
      });
    }
  }

  return made;
}

/** Says whether the file system keeps the time. */
function finishDirectory({
  path,
  mode,
  mtimeTicks,
  owner,
}: MadeDirectory): boolean {
  if (owner) giveOwner(path, owner);
  if (mode !== 0 && process.platform !== 'win32') setMode(path, mode);

  return giveTime(path, mtimeTicks);
}

function giveOwner(
  path: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): void {
  optionally('owner', path, () => {
    chownSync(path, uid, gid);
  });
}

function setMode(path: string, mode: number): void {
  optionally('mode', path, () => {
    chmodSync(path, mode);
  });
}

/** Directories that no entry describes, nearly all in the server's own archives, get mode and owner of the place they go to. */
function giveNeighboursRights(
  { live, staged }: PlacedTop['placement'],
  known: ReadonlySet<string>,
): void {
  if (process.platform === 'win32') return;

  const { uid, gid, mode } = statSync(existingAncestor(live));
  const isRoot = process.getuid?.() === 0;

  const walk = (directory: string): void => {
    // Messages lie deepest, and are most of a store.
    const entries = directory.endsWith(`/${MESSAGE_DIRECTORY}`)
      ? []
      : readdirSync(directory, { withFileTypes: true });
    for (const entry of entries) {
      if (entry.isDirectory()) walk(join(directory, entry.name));
    }

    if (known.has(directory)) return;

    if (isRoot) giveOwner(directory, { uid, gid });
    setMode(directory, mode & 0o7777);
  };

  if (lstatSync(staged, { throwIfNoEntry: false })?.isDirectory() === true) {
    walk(staged);
  }
}

/** On a file system that does not tell `A` from `a`, two such entries would become one file. */
function refuseTwins(staging: string, { selections }: ChainEntries): void {
  const probe = join(staging, '.Probe-\u00e4');
  writeFileSync(probe, '');

  const folds = ['.probe-\u00e4', '.Probe-a\u0308'].some((twin) =>
    lstatSync(join(staging, twin), { throwIfNoEntry: false }),
  );
  rmSync(probe);
  if (!folds) return;

  const twins = findFoldedTwins(selections);
  if (!twins) return;

  const [first, second] = twins.map((name) => JSON.stringify(name));

  throw new DamagedArchiveError(
    `${first ?? ''} and ${second ?? ''} would become one file here`,
    { hints: ['Recover to a file system that tells upper from lower case.'] },
  );
}
