import { lstatSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { ComparableFiles } from '../archive/comparable-files.js';
import { compareTrees, type EarlierTree } from '../archive/compare-trees.js';
import type { FileAt } from '../archive/file-list.js';
import { LiveFiles, liveTree } from '../archive/live-files.js';
import {
  type FoundJournal,
  journalPath,
  STAGING_NAME,
} from '../server/recover-journal.js';
import type { SwapUnit } from '../server/recover-journal-text.js';
import { isSwappedBack } from '../server/recover-state.js';
import { entryNameOf } from '../store/entry-place.js';
import { hasMessageName } from '../store/message-file.js';
import { type LiveRoot, walkLive } from '../store/walk-live.js';
import type { Cost } from './cost.js';
import { CostCounting, nameOf } from './count-cost.js';
import type { RecoverRequest } from './request.js';

/** The cost of a rollback, measured: what is live now is compared with the state that comes back. */

/** A message that came in after the recover, or was changed: no archive of that recover holds it. */
export interface SinceMessage {
  /** Absolute. */
  readonly path: string;
  readonly entryName: string;
  readonly sizeBytes: number;
  /** False where the state that comes back has it with another content. */
  readonly isLost: boolean;
  readonly writtenAt: Date;
  /** As search prints it. */
  readonly name: string;
}

export interface RollbackCost {
  readonly cost: Cost;
  readonly since: readonly SinceMessage[];
}

type MeasureRequest = Pick<
  RecoverRequest,
  'storeDir' | 'onProgress' | 'signal'
>;

/** @throws {InterruptedError} when the signal aborts */
export async function measureRollback(
  request: MeasureRequest,
  found: FoundJournal,
): Promise<RollbackCost> {
  const units = found.journal.units.filter((unit) => !isSwappedBack(unit));
  const files = units.filter(isKeptAsFile);
  const trees = units.filter((unit) => !isKeptAsFile(unit));
  const beganMs = beganAt(found);
  const alone = new Set(trees.map(({ live }) => live));
  const since: SinceMessage[] = [];

  const before = await oldTree(request, trees);
  const counting = new CostCounting(before, EVERYWHERE, {
    namesLosses: false,
    onProgress: request.onProgress,
    onGoing: (message, isLost) => {
      const late = sinceOf(message, beganMs, alone);
      if (late) since.push({ ...late, isLost });
    },
  });

  const walked = walkLive(rootsOf(request, trees, 'live'), {
    signal: request.signal,
  });
  const live = liveTree(counting.pass(walked), (path) => {
    counting.addUnread(path);
  });

  for await (const comparison of compareTrees(before, live)) {
    counting.add(comparison);
  }

  for (const { live: path, old } of files) {
    const isSame = readFileSync(path).equals(readFileSync(old));
    if (!isSame) counting.addOverwrite(hasMessageName(path));
  }

  return { cost: await counting.finish(), since };
}

/** All that is live goes, all that was there before comes. */
const EVERYWHERE = {
  placed: 'all',
  stays: () => false,
  linked: new Set<string>(),
  apart: new Set<string>(),
} as const;

/** A file that is kept beside its successor as NAME.BAK has no directory that could be compared. */
function isKeptAsFile({ live, old, hadLive }: SwapUnit): boolean {
  return (
    hadLive && basename(live) !== basename(old) && isFile(live) && isFile(old)
  );
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function rootsOf(
  { storeDir }: MeasureRequest,
  units: readonly SwapUnit[],
  side: 'live' | 'old',
): LiveRoot[] {
  return units.map((unit) => ({
    path: unit[side],
    entryName: unit.entryName ?? guessName(storeDir, unit.live),
  }));
}

/** Journals of earlier versions name paths alone. */
function guessName(storeDir: string, live: string): string {
  const below = relative(storeDir, live);

  return below.startsWith('..')
    ? entryNameOf('install', basename(live))
    : entryNameOf('store', below.split(sep).join('/'));
}

/** The directories of the state before. */
async function oldTree(
  request: MeasureRequest,
  units: readonly SwapUnit[],
): Promise<EarlierTree> {
  const had = units.filter(({ hadLive }) => hadLive);
  const directories = new Map<string, ComparableFiles>();
  const walked = walkLive(rootsOf(request, had, 'old'), {
    signal: request.signal,
  });

  for await (const { files } of liveTree(walked)) {
    if (files) directories.set(files.prefix, files);
  }

  return {
    prefixes: directories.keys(),
    filesOf: (prefix) => directories.get(prefix),
  };
}

/**
 * When everything that the recover brought was there: its journal was written then, and pointers to it on other disks by
 * their clocks. What changed later came in since.
 */
function beganAt({ home, name, journal }: FoundJournal): number {
  const paths = [
    journalPath({ home, name }),
    ...journal.stagingDirs.map((staging) => join(staging, name)),
  ];
  const times = paths.flatMap(
    (path) => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? [],
  );

  return Math.min(...times);
}

/** @param alone files that were swapped by themselves: the rename changed them, and only their content's time counts */
function sinceOf(
  { files, at }: FileAt,
  beganMs: number,
  alone: ReadonlySet<string>,
): Omit<SinceMessage, 'isLost'> | undefined {
  if (!(files instanceof LiveFiles)) return undefined;

  const path = files.pathOf(at);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;

  const changedMs = alone.has(path)
    ? stats.mtimeMs
    : Math.max(stats.mtimeMs, stats.ctimeMs);
  if (changedMs <= beganMs) return undefined;

  const entryName = files.prefix + (files.names[at] ?? '');

  return {
    path,
    entryName,
    sizeBytes: stats.size,
    writtenAt: stats.mtime,
    name: nameOf({ files, at })[0] ?? entryName,
  };
}

/** The staging directory of the disk that a unit lies on. */
export function stagingOf({ staged }: SwapUnit): string {
  let directory = dirname(staged);
  while (basename(directory) !== STAGING_NAME) directory = dirname(directory);

  return directory;
}
