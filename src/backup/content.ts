import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Component } from '../store/components.js';
import type {
  FilesTask,
  ListedDirectory,
} from '../archive/write/pack-tasks.js';
import type { OpenArchive } from '../archive/open-archive.js';
import type { ArchiveType, DifferentialLetter } from '../archive/names.js';
import { NotFoundError } from '../errors.js';
import { countMessages } from '../store/message-file.js';
import { tellStep } from '../platform/steps.js';
import { TOOL } from '../platform/tool.js';
import type { BackupRequest, MessageCounts } from './request.js';
import {
  findSources,
  limitedParts,
  wantedComponents,
  refuseBackupIntoSource,
  type Source,
} from './sources.js';
import type { DirectoryIdentity } from '../platform/look-again.js';
import {
  identify,
  type SkippedPath,
  type Walk,
  type WalkedDirectory,
  walkTree,
} from './walk.js';

/** What goes into one archive. */
export interface BackupContent {
  /** A differential without a usable base becomes a full. */
  readonly type: ArchiveType;
  readonly letter: DifferentialLetter;
  readonly version: {
    readonly tool: string;
    readonly base?: string;
    readonly baseDigest?: string;
    readonly parts?: readonly string[];
  };
  /** The full that a differential is measured against. */
  readonly base: OpenArchive | undefined;
  readonly deletedText:
    { readonly name: string; readonly text: string } | undefined;
  /** One a component, in the archive's order. */
  readonly groups: readonly (readonly FilesTask[])[];
  readonly tasks: readonly FilesTask[];
  readonly fileCount: number;
  readonly directories: readonly WalkedDirectory[];
  /** Single files, as directories with one name: the configuration. */
  readonly singles: readonly WalkedDirectory[];
  /** Whether a name has to stay a file, since that is what the base of a differential holds it as. */
  readonly isFileOfBase: (entryName: string) => boolean;
  /** The parts that were looked at. */
  readonly components: readonly Component[];
  /** Directories that are never entered: the backup directory. */
  readonly exclude: readonly DirectoryIdentity[];
  /** Whether a directory's own entry belongs into the archive. */
  readonly isDirectoryChanged: (
    entryName: string,
    mtimeTicks: bigint,
    mode: number,
  ) => boolean;
  readonly messages: Omit<MessageCounts, 'vanished'>;
  readonly skipped: readonly SkippedPath[];
  readonly warnings: readonly string[];
}

/** A worker's batch: enough to be worth a message, little enough that both cores end together. */
const BATCH_FILES = 128;

/** The store as it was listed, before anything was decided about it. */
export interface ListedStore {
  /** The parts that were looked for, whether they exist or not. */
  readonly components: readonly Component[];
  /** The same where they are fewer than the server includes: such an archive is no complete backup. */
  readonly parts: readonly Component[] | undefined;
  readonly groups: readonly {
    readonly files: readonly Source[];
    readonly walks: readonly Walk[];
  }[];
  readonly directories: readonly WalkedDirectory[];
  readonly singles: readonly WalkedDirectory[];
  readonly exclude: readonly DirectoryIdentity[];
  readonly skipped: readonly SkippedPath[];
}

/** Told of every directory while the listing goes on, and of single files as of directories with one name. */
export type OnListed = (
  component: Component,
  directory: WalkedDirectory,
) => void;

/** Lists everything that a backup of this request may hold. */
export function listStore(
  request: BackupRequest,
  onListed?: OnListed,
): ListedStore {
  const { installation, settings, mask, backupDir } = request;
  const { sources, skipped } = findSources(installation, settings, mask);

  if (sources.length === 0) {
    throw new NotFoundError(
      'there is nothing to back up: no part that was asked for exists',
    );
  }

  if (existsSync(backupDir)) refuseBackupIntoSource(backupDir, sources);

  const backup = identify(backupDir);
  const exclude = backup ? [backup] : [];
  const components = [...new Set(sources.map(({ component }) => component))];

  const groups = components.map((component) => {
    const own = sources.filter((source) => source.component === component);
    tellStep(
      `listing component ${component}: ${own.map(({ path }) => path).join(', ')}`,
    );

    const files = own.filter(({ entryName }) => !entryName.endsWith('/'));
    const trees = own.filter(({ entryName }) => entryName.endsWith('/'));

    for (const file of files) onListed?.(component, toDirectory(file));

    const onDirectory =
      onListed &&
      ((directory: WalkedDirectory): void => {
        onListed(component, directory);
      });

    return {
      files,
      walks: trees.map(({ path, entryName }) =>
        walkTree(path, entryName, { exclude, onDirectory }),
      ),
    };
  });

  const walks = groups.flatMap((group) => group.walks);

  return {
    components: wantedComponents(settings.include, mask),
    parts: limitedParts(settings.include, mask),
    groups,
    exclude,
    directories: walks.flatMap((walk) => walk.directories),
    singles: groups.flatMap(({ files }) => files.map(toDirectory)),
    skipped: [...skipped, ...walks.flatMap((walk) => walk.skipped)],
  };
}

/** A full or a copy: everything. */
export function planWhole(
  type: ArchiveType,
  listed: ListedStore,
  warnings: readonly string[],
): BackupContent {
  const groups = listed.groups.map(({ files, walks }) => [
    ...files
      .map(toDirectory)
      .flatMap((directory) => toTasks(directory, directory.files)),
    ...walks.flatMap(({ directories }) =>
      directories.flatMap((directory) => toTasks(directory, directory.files)),
    ),
  ]);

  const tasks = groups.flat();

  const total = tasks.reduce(
    (sum, { prefix, names }) => sum + countMessages(prefix, names),
    0,
  );

  return {
    type,
    letter: 'I',
    version: { tool: TOOL, ...(listed.parts ? { parts: listed.parts } : {}) },
    base: undefined,
    deletedText: undefined,
    groups,
    tasks,
    fileCount: tasks.reduce((sum, { names }) => sum + names.length, 0),
    directories: listed.directories,
    singles: listed.singles,
    isFileOfBase: () => false,
    components: listed.components,
    exclude: listed.exclude,
    isDirectoryChanged: () => true,
    messages: { total, new: total, changed: 0, unchanged: 0, deleted: 0 },
    skipped: listed.skipped,
    warnings,
  };
}

/** A file of the install directory or directly in the store, as if it were all of its directory. */
function toDirectory({
  path,
  entryName,
  followsLinks,
}: Source): WalkedDirectory {
  const name = basename(path);
  const prefix = entryName.slice(0, -name.length);

  return {
    path: dirname(path),
    prefix,
    files: [name],
    mtimeNs: 0n,
    followsLinks,
  };
}

/** A directory as those know it who read its files. */
export function listedAs({
  path,
  identity,
  followsLinks,
}: WalkedDirectory): ListedDirectory {
  return { directory: path, identity, followsLinks };
}

/** Batches of one directory's files. */
export function toTasks(
  directory: WalkedDirectory,
  names: readonly string[],
): FilesTask[] {
  const tasks: FilesTask[] = [];
  for (let from = 0; from < names.length; from += BATCH_FILES) {
    tasks.push({
      kind: 'files',
      ...listedAs(directory),
      prefix: directory.prefix,
      names: names.slice(from, from + BATCH_FILES),
    });
  }

  return tasks;
}
