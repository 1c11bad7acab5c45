import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { findStepFault } from '../archive/entry-names.js';
import { NotFoundError } from '../errors.js';
import type { DirectoryIdentity } from '../platform/look-again.js';
import { tellStep } from '../platform/steps.js';
import type { Component } from '../store/components.js';
import { type LeftOut, LeftOutFinder, refuseWithoutMail } from './left-out.js';
import { findKeptOut, type KeptOut } from './kept-out.js';
import type { BackupRequest, MailArchive } from './request.js';
import {
  findSources,
  limitedParts,
  refuseBackupIntoSource,
  type Source,
  type Sources,
  wantedComponents,
} from './sources.js';
import type { SkippedPath, WalkedDirectory } from '../store/list-directory.js';
import { packNames, unpackNames } from '../store/name-list.js';
import { identify, type OnDirectory, walkTree } from '../store/walk.js';

/** The files of one component. */
interface ListedGroup {
  readonly component: Component;
  /** Single files, each as a directory with one name: the configuration. */
  readonly singles: readonly WalkedDirectory[];
  readonly directories: readonly WalkedDirectory[];
}

/** The store as it was listed, before anything was decided about it. */
export interface ListedStore {
  /** The components that were looked for, whether they exist or not. */
  readonly components: readonly Component[];
  /** The same where they are fewer than the server includes: such an archive is no complete backup. */
  readonly parts: readonly Component[] | undefined;
  /** Undefined where it was not asked for, or cannot be taken. */
  readonly mailArchive?: MailArchive | undefined;
  /** In the archive's order. */
  readonly groups: readonly ListedGroup[];
  /** Directories that are never entered: those of archives. */
  readonly exclude: readonly DirectoryIdentity[];
  readonly keptOut: KeptOut;
  readonly leftOut: LeftOut;
  readonly skipped: readonly SkippedPath[];
}

/** Told of every directory while the listing goes on, and of single files as of directories with one name; the listing waits for it. */
export type OnListed = (
  component: Component,
  directory: WalkedDirectory,
  names: readonly string[],
) => Promise<void> | undefined;

/**
 * Lists everything that a backup of this request may hold.
 * @throws {NotFoundError} when nothing of it exists · {UsageError} when the backup directory holds what is to be backed up
 * @throws {ConfigurationError} when all mail would be left out
 */
export async function listStore(
  request: BackupRequest,
  onListed?: OnListed,
): Promise<ListedStore> {
  const { settings, mask } = request;
  const { sources, skipped, exclude, kept } = findAll(request);
  const present = [...new Set(sources.map(({ component }) => component))];
  const allSkipped = [...skipped];
  const finder = new LeftOutFinder(request.exclude);

  const groups: ListedGroup[] = [];

  for (const component of present) {
    const listed = await listComponent(
      component,
      sources.filter((source) => source.component === component),
      { exclude, onListed, finder },
    );
    allSkipped.push(...listed.skipped);
    groups.push(listed.group);
  }

  const leftOut = await finder.count(exclude);
  refuseWithoutMail(
    leftOut,
    groups.flatMap(({ directories }) => directories),
  );

  return {
    components: wantedComponents(settings.include, mask),
    parts: limitedParts(settings.include, mask),
    mailArchive: findMailArchive(sources, groups),
    groups,
    exclude,
    keptOut: kept,
    leftOut,
    skipped: allSkipped,
  };
}

/** What there is to list, and what of it is never entered. @throws as `listStore` */
function findAll(request: BackupRequest): Sources & {
  readonly exclude: readonly DirectoryIdentity[];
  readonly kept: KeptOut;
} {
  const { installation, settings, mask, storage } = request;
  const own = storage.localDirectory;
  const places = { own, all: placesOf(request) };
  const found = findSources(installation, settings, mask, places);

  if (found.sources.length === 0) {
    throw new NotFoundError(
      'there is nothing to back up: no part that was asked for exists',
    );
  }

  if (own !== undefined && existsSync(own)) {
    refuseBackupIntoSource(own, found.sources);
  }

  const kept = findKeptOut(places.all, found);
  const identity = own === undefined ? undefined : identify(own);
  const exclude = [...(identity ? [identity] : []), ...kept.identities];

  return { ...found, exclude, kept };
}

/** Every directory that archives lie in, or wait in to be sent. */
function placesOf({
  settings,
  storage,
  archivePlaces,
}: BackupRequest): readonly string[] {
  const { localDirectory, spool } = storage;
  const places = [
    localDirectory,
    spool?.localDirectory,
    settings.backupDir,
    ...archivePlaces,
  ];

  return places.filter((place) => place !== undefined);
}

function findMailArchive(
  sources: readonly Source[],
  groups: readonly ListedGroup[],
): MailArchive | undefined {
  const source = sources.find(({ component }) => component === 'archive');
  const group = groups.find(({ component }) => component === 'archive');
  if (!source || !group) return undefined;

  const files = group.directories.reduce(
    (sum, own) => sum + own.files.count,
    0,
  );

  return { directory: source.path, files };
}

interface ListOptions {
  readonly exclude: readonly DirectoryIdentity[];
  readonly onListed: OnListed | undefined;
  readonly finder: LeftOutFinder;
}

async function listComponent(
  component: Component,
  sources: readonly Source[],
  { exclude, onListed, finder }: ListOptions,
): Promise<{ group: ListedGroup; skipped: readonly SkippedPath[] }> {
  const paths = sources.map(({ path }) => path).join(', ');
  tellStep(`listing component ${component}: ${paths}`);

  const onDirectory: OnDirectory = (directory, names) =>
    onListed?.(component, directory, names);

  const singles = sources
    .filter(({ entryName }) => !entryName.endsWith('/'))
    .map(toDirectory);

  for (const single of singles) {
    await onDirectory(single, unpackNames(single.files));
  }

  const directories: WalkedDirectory[] = [];
  const skipped: SkippedPath[] = [];

  for (const { path, entryName } of sources) {
    if (!entryName.endsWith('/') || finder.takes(entryName, path)) continue;

    const walk = await walkTree(path, entryName, {
      exclude,
      onDirectory,
      findFault: findStepFault,
      isLeftOut: finder.takes,
    });

    for (const directory of walk.directories) directories.push(directory);
    for (const one of walk.skipped) skipped.push(one);
  }

  return {
    group: {
      component,
      singles,
      directories,
    },
    skipped,
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
    files: packNames([name]),
    mtimeNs: 0n,
    followsLinks,
  };
}
