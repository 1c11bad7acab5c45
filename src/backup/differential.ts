import { deflateRawSync } from 'node:zlib';
import type { Component } from '../store/components.js';
import { placeOf } from '../store/entry-place.js';
import type { OpenArchive } from '../archive/open-archive.js';
import type { FilesTask } from '../archive/write/pack-tasks.js';
import { ticksOf } from '../platform/file-times.js';
import { DELETED_ENTRY, LARGEST_LIST_BYTES } from '../archive/summary.js';
import { lookAt } from '../platform/look-again.js';
import {
  hasMessageName,
  holdsMessages,
  isMessagePath,
} from '../store/message-file.js';
import { TOOL } from '../platform/tool.js';
import { BaseIndex, type Change } from './base-index.js';
import { checksumFile } from './checksum.js';
import {
  type BackupContent,
  type ListedStore,
  listStore,
  planWhole,
  toTasks,
} from './content.js';
import { type Examined, StoreExaminer } from './examine-store.js';
import { chooseLetter, findBase } from './find-base.js';
import type { BackupRequest } from './request.js';
import { VANISHED } from './stat-tasks.js';

/**
 * Plans a differential: what is new or changed against the newest full, decided from that archive's central directory
 * alone. Without a usable full it plans a full, with a warning. The workers examine the store while it is listed and the
 * full is read.
 */
export async function planDifferential(
  request: BackupRequest,
): Promise<BackupContent> {
  const examiner = new StoreExaminer(request);
  try {
    const listed = listStore(request, (component, directory) => {
      examiner.add(component, directory);
    });
    const base = await findBase(request.backupDir, listed.parts);
    if ('reason' in base) return planFullInstead(listed, base.reason);

    const index = new BaseIndex(base.archive);

    return planAgainst(base.archive, index, {
      request,
      listed,
      examined: await examiner.finish(),
    });
  } finally {
    await examiner.close();
  }
}

function planFullInstead(listed: ListedStore, reason: string): BackupContent {
  return planWhole('full', listed, [
    `${reason}: a full archive is written instead of a differential`,
  ]);
}

interface FoundStore {
  readonly request: BackupRequest;
  readonly listed: ListedStore;
  readonly examined: ReadonlyMap<Component, readonly Examined[]>;
}

function planAgainst(
  archive: OpenArchive,
  index: BaseIndex,
  found: FoundStore,
): BackupContent {
  const { request, listed, examined } = found;
  const compared = compareStore([...examined.values()], index);
  const deleted = [...findDeleted(listed, index)];
  const deletedNames = new Set(deleted);
  const deletedText = deleted.map((name) => `${name}\n`).join('');

  if (!fitsVolume(deletedText, request.volumeLimitBytes)) {
    return planFullInstead(
      listed,
      `the names of ${deleted.length} deleted files do not fit into a volume`,
    );
  }

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
    base: archive,
    deletedText: { name: DELETED_ENTRY, text: deletedText },
    groups: compared.groups,
    tasks,
    fileCount: tasks.reduce((sum, { names }) => sum + names.length, 0),
    directories: listed.directories,
    singles: listed.singles,
    isFileOfBase: (entryName) =>
      index.hasFile(entryName) && !deletedNames.has(entryName),
    components: listed.components,
    exclude: listed.exclude,
    isDirectoryChanged: (entryName, mtimeTicks, mode) =>
      index.compareDirectory(entryName, mtimeTicks, mode) !== 'unchanged',
    messages: {
      total: counts.new + counts.changed + counts.unchanged,
      ...counts,
      deleted: deleted.filter(isMessagePath).length,
    },
    skipped: listed.skipped,
    warnings: [],
  };
}

/** Whether the list of deleted names fits beside the version text: a recover looks for it in the first volume. */
function fitsVolume(text: string, limitBytes: number): boolean {
  if (text.length > LARGEST_LIST_BYTES) return false;
  return (
    text.length <= limitBytes / 2 ||
    deflateRawSync(text).length <= limitBytes / 2
  );
}

type Counts = Record<Change, number>;

function compareStore(
  groups: readonly (readonly Examined[])[],
  index: BaseIndex,
): { groups: FilesTask[][]; counts: Counts } {
  const counts: Counts = { new: 0, changed: 0, unchanged: 0 };
  const tasks = groups.map((group) =>
    group.flatMap((examined) => {
      const isInMail = holdsMessages(examined.directory.prefix);
      const changed = examined.names.filter((name, at) => {
        // The packer looks again and counts it; what its full has of it must not come back.
        if (examined.result.sizes[examined.first + at] === VANISHED) {
          return true;
        }

        const change = compareFile(index, name, examined, at);
        if (isInMail && hasMessageName(name)) counts[change]++;
        return change !== 'unchanged';
      });

      return toTasks(examined.directory, changed);
    }),
  );

  return { groups: tasks, counts };
}

function compareFile(
  index: BaseIndex,
  name: string,
  { directory, result, first }: Examined,
  at: number,
): Change {
  const column = first + at;
  return index.compare(directory.prefix, name, {
    sizeBytes: result.sizes[column] ?? VANISHED,
    mtimeTicks: result.mtimes[column] ?? 0n,
    mode: result.modes[column] ?? 0,
    crc: result.crcs[column],
    readCrc: () =>
      checksumFile(`${directory.path}/${name}`, {
        followsLinks: directory.followsLinks,
        asksPlace: true,
      }),
  });
}

/**
 * The entries of the full that the store no longer has, within the parts that this run looked at. What is there and was
 * skipped (a directory that could not be listed, a link in the place of a folder) is not called deleted: its mail in the
 * full stays recoverable.
 */
function* findDeleted(
  listed: ListedStore,
  index: BaseIndex,
): Generator<string> {
  for (const { path, prefix } of listed.directories) {
    markDirectory(path, prefix, index);
  }

  const skipped = new Set(
    listed.skipped.map(({ name }) => name.replace(/\/$/, '')),
  );
  const components = new Set(listed.components);

  for (const name of index.missing()) {
    const place = placeOf(name);
    if (place && components.has(place.component) && !isIn(skipped, name)) {
      yield name;
    }
  }
}

/** Whether an entry, or a directory above it, is one of these paths. */
function isIn(paths: ReadonlySet<string>, name: string): boolean {
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    if (paths.has(name.slice(0, at))) return true;
  }

  return paths.has(name);
}

function markDirectory(path: string, prefix: string, index: BaseIndex): void {
  const stats = lookAt(path);
  if (!stats?.isDirectory()) return;
  index.compareDirectory(prefix, ticksOf(stats), Number(stats.mode));
}
