import { lstatSync } from 'node:fs';
import { placeOf } from '../archive/layout.js';
import { type FilesTask, isMessageName } from '../archive/pack-tasks.js';
import { mtimeTicksOf } from '../archive/stable-read.js';
import { DELETED_ENTRY } from '../archive/summary.js';
import { TOOL } from '../platform/tool.js';
import { WorkerPool } from '../platform/worker-pool.js';
import { BaseIndex, type Change, splitName } from './base-index.js';
import { type BackupContent, fileTask, type ListedStore, planWhole, toTasks } from './content.js';
import { chooseLetter, findBase } from './find-base.js';
import type { BackupRequest } from './request.js';
import type { StatResult, StatTask } from './stat-tasks.js';
import type { WalkedDirectory } from './walk.js';

/** Large directories are examined by all workers. */
const STAT_BATCH = 2000;

/**
 * Plans a differential: what is new or changed against the newest full, decided from that archive's central directory
 * alone. Without a usable full it plans a full, with a warning. The workers examine the store while the full is read.
 */
export async function planDifferential(request: BackupRequest, listed: ListedStore): Promise<BackupContent> {
  const examining = examineStore(request, listed);
  examining.catch(() => undefined); // awaited below
  const base = await findBase(request.backupDir, listed.parts);
  if ('reason' in base) {
    return planWhole('full', listed, [`${base.reason}: a full archive is written instead of a differential`]);
  }
  const { archive } = base;
  const index = new BaseIndex(archive);
  const compared = compareStore(await examining, index);
  const deleted = [...findDeleted(listed, index)];
  const { counts } = compared;
  const tasks = compared.groups.flat();
  return {
    type: 'differential',
    letter: chooseLetter(request.backupDir),
    version: {
      tool: TOOL,
      base: archive.files.stem,
      baseDigest: archive.digest,
      ...(listed.parts ? { parts: listed.parts } : {}),
    },
    deletedText: { name: DELETED_ENTRY, text: deleted.map((name) => `${name}\n`).join('') },
    groups: compared.groups,
    tasks,
    fileCount: tasks.reduce((sum, { names }) => sum + names.length, 0),
    directories: listed.directories,
    components: listed.components,
    exclude: listed.exclude,
    isDirectoryChanged: (entryName, mtimeTicks, mode) => {
      const { prefix, name } = splitName(entryName);
      return (
        index.compare(prefix, name, { sizeBytes: 0, mtimeNs: mtimeTicks * 100n, mode, crc: undefined }) !== 'unchanged'
      );
    },
    messages: {
      total: counts.new + counts.changed + counts.unchanged,
      ...counts,
      deleted: deleted.filter(isMessageName).length,
    },
    skipped: listed.skipped,
    warnings: [],
  };
}

type Counts = Record<Change, number>;

/** One batch of names with what the file system says of them. */
interface Examined {
  readonly directory: WalkedDirectory;
  readonly names: readonly string[];
  readonly result: StatResult;
}

/** Asks for size, time and mode of everything that was listed; one list a component. */
async function examineStore(request: BackupRequest, listed: ListedStore): Promise<Examined[][]> {
  const pool = new WorkerPool<StatTask, StatResult>({
    url: new URL('./stat-worker.js', import.meta.url),
    threads: request.threads,
    workerData: () => undefined,
  });
  const stop = (): void => {
    pool.fail(request.signal?.reason as Error);
  };
  request.signal?.addEventListener('abort', stop, { once: true });
  try {
    const groups: Examined[][] = [];
    for (const { files, walks } of listed.groups) {
      const directories = [...files.map(toDirectory), ...walks.flatMap((walk) => walk.directories)];
      const owners = new Map<StatTask, WalkedDirectory>();
      const group: Examined[] = [];
      await pool.runAll(planStats(directories, request.usesChecksum, owners), (result, task) => {
        const directory = owners.get(task);
        if (directory) group.push({ directory, names: task.names, result });
      });
      groups.push(group);
    }
    return groups;
  } finally {
    request.signal?.removeEventListener('abort', stop);
    await pool.close();
  }
}

function compareStore(groups: readonly Examined[][], index: BaseIndex): { groups: FilesTask[][]; counts: Counts } {
  const counts: Counts = { new: 0, changed: 0, unchanged: 0 };
  const tasks = groups.map((group) =>
    group.flatMap(({ directory, names, result }) => {
      const changed = names.filter((name, at) => {
        const change = compareFile(index, directory.prefix, name, { result, at });
        if (isMessageName(name)) counts[change]++;
        return change !== 'unchanged';
      });
      return toTasks(directory, changed);
    }),
  );
  return { groups: tasks, counts };
}

/** A file that vanished meanwhile is packed all the same: the packer counts it. */
function compareFile(
  index: BaseIndex,
  prefix: string,
  name: string,
  { result, at }: { result: StatResult; at: number },
): Change {
  return index.compare(prefix, name, {
    sizeBytes: result.sizes[at] ?? -1,
    mtimeNs: result.mtimes[at] ?? 0n,
    mode: result.modes[at] ?? 0,
    crc: result.crcs[at],
  });
}

/** A single file as a directory with one name. */
function toDirectory(source: Parameters<typeof fileTask>[0]): WalkedDirectory {
  const { directory, prefix, names } = fileTask(source);
  return { path: directory, prefix, files: names, mtimeNs: 0n };
}

function* planStats(
  directories: readonly WalkedDirectory[],
  withCrc: boolean,
  owners: Map<StatTask, WalkedDirectory>,
): Generator<StatTask> {
  for (const directory of directories) {
    for (let from = 0; from < directory.files.length; from += STAT_BATCH) {
      const task = { directory: directory.path, names: directory.files.slice(from, from + STAT_BATCH), withCrc };
      owners.set(task, directory);
      yield task;
    }
  }
}

/**
 * The entries of the full that the store no longer has, within the parts that this run looked at. What could not be
 * listed is not called deleted: its mail in the full stays recoverable.
 */
function* findDeleted(listed: ListedStore, index: BaseIndex): Generator<string> {
  for (const { path, prefix } of listed.directories) markDirectory(path, prefix, index);
  const unknown = listed.skipped.filter(({ name }) => name.endsWith('/')).map(({ name }) => name);
  const components = new Set(listed.components);
  for (const name of index.missing()) {
    const place = placeOf(name);
    if (place && components.has(place.component) && !unknown.some((prefix) => name.startsWith(prefix))) yield name;
  }
}

function markDirectory(path: string, prefix: string, index: BaseIndex): void {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats?.isDirectory()) return;
  const split = splitName(prefix);
  index.compare(split.prefix, split.name, {
    sizeBytes: 0,
    mtimeNs: mtimeTicksOf(stats) * 100n,
    mode: Number(stats.mode),
    crc: undefined,
  });
}
