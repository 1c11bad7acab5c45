import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Directories, toUtimes } from '../archive/entry-files.js';
import { AREA_PREFIXES } from '../archive/layout.js';
import { readSelections } from '../archive/read-archive.js';
import { type TargetRule, targetOf } from '../archive/read-tasks.js';
import { DamagedArchiveError, errnoOf, FailedError, NoSpaceError } from '../errors.js';
import { syncTree } from '../platform/sync-tree.js';
import { formatSize, plural } from '../platform/units.js';
import type { ChainEntries } from './entries.js';
import { dropStaged } from './journal.js';
import { makeStaging, type Placement } from './placement.js';
import type { RecoverRequest } from './request.js';

/** A top-level name with its place. */
export interface PlacedTop {
  readonly area: 'store' | 'install';
  readonly placement: Placement;
}

/** The existing directory that a path lies in, or will lie in. */
function existingAncestor(path: string): string {
  let candidate = path;
  while (!existsSync(candidate)) candidate = dirname(candidate);
  return candidate;
}

export function freeBytesAt(path: string): number {
  const { bavail, bsize } = statfsSync(existingAncestor(path));
  return bavail * bsize;
}

/**
 * Extracts a chain's point into the staging directories and proves it: every checksum was right, every byte is on the
 * disk. An abort leaves staging directories without a journal, which the next call sweeps.
 * @throws {DamagedArchiveError} naming the entries that are damaged; nothing is left then
 */
export async function stage(request: RecoverRequest, entries: ChainEntries, tops: readonly PlacedTop[]): Promise<void> {
  const stagings = [...new Set(tops.map(({ placement }) => placement.staging))];
  try {
    for (const staging of stagings) {
      dropStaged(staging);
      makeStaging(staging);
      refuseTwins(staging, entries);
    }
    const rules = tops.flatMap(toRules);
    const report = await readSelections(entries.selections, { ...request, rules, phase: 'recovering' });
    refuseProblems(report.problems);
    finishDirectories(entries, rules);
    for (const staging of stagings) syncTree(staging);
    request.signal?.throwIfAborted();
  } catch (error) {
    for (const staging of stagings) dropStaged(staging);
    throw toStageError(error);
  }
}

function refuseProblems(problems: readonly { readonly name: string; readonly reason: string }[]): void {
  if (problems.length === 0) return;
  const named = problems.slice(0, 5).map(({ name, reason }) => `${JSON.stringify(name)}: ${reason}`);
  throw new DamagedArchiveError(`${plural(problems.length, 'entry', 'entries')} damaged: ${named.join('; ')}`, {
    hints: ['Nothing was changed. Use another archive; verify tells which are sound.'],
  });
}

function toStageError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new NoSpaceError('the disk of the store is full', {
      hints: ['Nothing was changed. Free space there, or recover with --in-place, which has no undo.'],
      cause: error,
    });
  }
  if (code === undefined || !['EACCES', 'EPERM', 'EROFS', 'EIO'].includes(code)) return error;
  return new FailedError(`the store cannot be written: ${code}`, { hints: ['Nothing was changed.'], cause: error });
}

function toRules({ area, placement }: PlacedTop): TargetRule[] {
  const { name, staged, live, staging } = placement;
  const owner = ownerOf(live, staging);
  const prefixes: string[] = AREA_PREFIXES.filter((own) => own.area === area).map(({ prefix }) => prefix);
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
  if (process.platform === 'win32' || process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(existingAncestor(live));
  const made = statSync(staging);
  return made.uid === uid && made.gid === gid ? undefined : { uid, gid };
}

/** Modes, owners and times of directories, the deepest first: creating files in them is over. */
function finishDirectories(entries: ChainEntries, rules: readonly TargetRule[]): void {
  const directories = new Directories();
  const found: { path: string; mode: number; mtimeTicks: bigint; owner: TargetRule['owner'] }[] = [];
  for (const { table, indices } of entries.selections) {
    for (const index of indices) {
      if (!table.isDirectory(index)) continue;
      const target = targetOf(rules, table.name(index));
      if (!target) continue;
      const path = target.path.replace(/\/+$/, '');
      directories.make(path);
      found.push({
        path,
        mode: table.mode(index) & 0o3777,
        mtimeTicks: table.mtimeTicks(index),
        owner: target.rule.owner,
      });
    }
  }
  found.sort((a, b) => b.path.length - a.path.length);
  for (const { path, mode, mtimeTicks, owner } of found) {
    if (owner) chownSync(path, owner.uid, owner.gid);
    if (mode !== 0 && process.platform !== 'win32') chmodSync(path, mode);
    const seconds = toUtimes(mtimeTicks);
    utimesSync(path, seconds, seconds);
  }
}

/** On a file system that does not tell `A` from `a`, two such entries would become one file. */
function refuseTwins(staging: string, entries: ChainEntries): void {
  const probe = join(staging, '.Probe-\u00e4');
  writeFileSync(probe, '');
  const folds = ['.probe-\u00e4', '.Probe-a\u0308'].some((twin) =>
    lstatSync(join(staging, twin), { throwIfNoEntry: false }),
  );
  rmSync(probe);
  if (!folds) return;
  const seen = new Map<string, string>();
  for (const { table, indices } of entries.selections) {
    for (const index of indices) {
      const name = table.name(index);
      const folded = name.normalize('NFC').toLowerCase();
      const twin = seen.get(folded);
      if (twin !== undefined && twin !== name) {
        throw new DamagedArchiveError(
          `${JSON.stringify(twin)} and ${JSON.stringify(name)} would become one file here`,
          {
            hints: ['Recover to a file system that tells upper from lower case.'],
          },
        );
      }
      seen.set(folded, name);
    }
  }
}

/** @throws {NoSpaceError} when old and new state do not fit beside each other */
export function checkSpace(request: RecoverRequest, entries: ChainEntries): { needed: number; free: number } {
  const [needed, free] = [entries.diskBytes, freeBytesAt(request.storeDir)];
  if (needed > free && !request.isInPlace) {
    throw new NoSpaceError(
      `${formatSize(needed)} are needed beside the present store, ${formatSize(free)} are free at ${request.storeDir}`,
      {
        hints: [
          'Free space there.',
          'Or recover with --in-place: it removes the present store first, and has no undo.',
        ],
      },
    );
  }
  return { needed, free };
}
