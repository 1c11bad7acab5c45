import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import {
  type Component,
  COMPONENTS,
  INSTALL_COMPONENTS,
  isExcludedStoreChild,
  storeComponentOf,
} from '../store/components.js';
import { entryNameOf, MAIL_ARCHIVE_NAME } from '../store/entry-place.js';
import { findEntryFault } from '../archive/entry-names.js';
import { REQUIRED_FILES } from '../archive/required-files.js';
import { ConfigurationError, errnoOf, UsageError } from '../errors.js';
import { lstatOrGone } from '../platform/look-again.js';
import { isOnePlace } from '../platform/one-place.js';
import type { Installation } from '../server/installation.js';
import type { IncludeSwitches, ServerSettings } from '../server/settings.js';
import type { SkippedPath } from '../store/list-directory.js';
import { faultOfMailArchive } from './mail-archive.js';

/** A file or tree that goes into an archive. */
export interface Source {
  readonly component: Component;
  /** Absolute; links at this place have been followed. */
  readonly path: string;
  /** `mailserver.cfg`, or `@backup/store/mail/` for a tree. */
  readonly entryName: string;
  /** A file that is a link: what it leads to belongs into the archive. */
  readonly followsLinks?: boolean;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly skipped: readonly SkippedPath[];
  /** What lies directly in the store and holds nothing but archives. */
  readonly keptOut: readonly string[];
}

/** Where archives lie on this machine. */
export interface ArchivePlaces {
  /** That of this run's archive, where it is a directory. */
  readonly own?: string | undefined;
  /** All of them, and where archives wait to be sent. */
  readonly all: readonly string[];
}

const CONFIGURATION_FILES = [...REQUIRED_FILES, 'cluster.cfg'];

/**
 * Finds what a backup of this server holds, in the server's order.
 * @param mask the parts that were asked for; undefined: what the Include switches say
 * @throws {ConfigurationError} when the store does not exist
 */
export function findSources(
  installation: Installation,
  settings: ServerSettings,
  mask: ReadonlySet<Component> | undefined,
  places: ArchivePlaces,
): Sources {
  const wanted = new Set(wantedComponents(settings.include, mask));
  const found = new FoundSources(wanted);
  const archiveDir = wanted.has('archive') ? settings.archiveDir : undefined;

  for (const name of CONFIGURATION_FILES) {
    found.addConfiguration(join(installation.dir, name), name);
  }

  for (const name of INSTALL_COMPONENTS) {
    const path = join(installation.dir, name);
    found.add(name, path, entryNameOf('install', name));
  }

  found.addStore(settings.storeDir, archiveDir, places);

  if (archiveDir !== undefined) {
    const holders = [settings.storeDir, installation.dir];
    found.addMailArchive(archiveDir, holders, places);
  }

  found.sources.sort(
    (a, b) => COMPONENTS.indexOf(a.component) - COMPONENTS.indexOf(b.component),
  );

  return found;
}

/** Collects what is there of the wanted parts, and names what is there and cannot be taken. */
class FoundSources implements Sources {
  readonly sources: Source[] = [];
  readonly skipped: SkippedPath[] = [];
  readonly keptOut: string[] = [];

  constructor(private readonly wanted: ReadonlySet<Component>) {}

  /** A file of the configuration; in containers it is often a link to where the data lie. */
  addConfiguration(path: string, name: string): void {
    const isRequired = REQUIRED_FILES.some((required) => required === name);

    if (!this.add('cfg', path, name) && isRequired && this.wanted.has('cfg')) {
      this.skipped.push({
        name,
        reason: 'is not there, and no backup is complete without it',
      });
    }
  }

  /** Leaves to others the mail archive, and out what holds nothing but archives. */
  addStore(
    storeDir: string,
    archiveDir: string | undefined,
    places: ArchivePlaces,
  ): void {
    for (const name of listStore(storeDir)) {
      if (isExcludedStoreChild(name)) continue;

      const path = join(storeDir, name);
      const component = storeComponentOf(name);
      const isOf = (directory: string): boolean =>
        component === 'other' && isOnePlace(path, directory);
      if (archiveDir !== undefined && isOf(archiveDir)) continue;

      if (places.all.some(isOf)) this.keptOut.push(path);
      else this.#addStoreChild(component, path, name);
    }
  }

  #addStoreChild(component: Component, path: string, name: string): void {
    const entryName = entryNameOf('store', name);
    const isLink = lstatOrGone(path)?.isSymbolicLink() === true;

    // A component may lie on another disk behind a link; any other link is not ours to follow.
    if (component === 'other' && isLink) {
      this.#skip(component, entryName, 'symbolic link, not followed', true);
    } else {
      this.add(component, path, entryName);
    }
  }

  /** Whatever is the matter with it keeps no mail from being backed up. */
  addMailArchive(
    archiveDir: string,
    holders: readonly string[],
    places: ArchivePlaces,
  ): void {
    const name = MAIL_ARCHIVE_NAME;
    const { sources } = this;
    const fault = faultOfMailArchive(archiveDir, { sources, holders, places });

    if (fault) this.skipped.push({ name, ...fault });
    else this.#addTarget('archive', archiveDir, name);
  }

  /**
   * Adds what a path leads to, links followed.
   * @returns whether anything is there, even if it cannot be taken
   */
  add(component: Component, path: string, entryName: string): boolean {
    const link = lstatOrGone(path);
    if (!link) return false;

    const fault = findEntryFault(entryName);

    if (fault !== undefined) {
      this.#skip(component, entryName, `has ${fault} in its name`);
    } else if (this.wanted.has(component)) {
      this.#addTarget(component, path, entryName);
    }

    return true;
  }

  #addTarget(component: Component, path: string, entryName: string): void {
    try {
      const stats = statSync(path);

      if (stats.isDirectory()) {
        this.sources.push({
          component,
          path: realpathSync(path),
          entryName: `${entryName}/`,
        });
      } else if (stats.isFile()) {
        this.sources.push({ component, entryName, ...placeOfFile(path) });
      } else {
        this.#skip(component, entryName, 'neither file nor directory');
      }
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;

      const isDangling =
        code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
      if (isDangling) {
        this.#skip(component, entryName, 'symbolic link that leads nowhere');
      } else {
        this.skipped.push({
          name: entryName,
          reason: `cannot be looked at: ${code}`,
          errno: code,
        });
      }
    }
  }

  #skip(
    component: Component,
    name: string,
    reason: string,
    isByNature = false,
  ): void {
    if (this.wanted.has(component)) {
      this.skipped.push({ name, reason, isByNature });
    }
  }
}

/** Its directory's links are followed once for all; a file that is a link itself is followed whenever it is read. */
function placeOfFile(path: string): Pick<Source, 'path' | 'followsLinks'> {
  const isLink = lstatOrGone(path)?.isSymbolicLink() === true;
  const place = join(realpathSync(dirname(path)), basename(path));

  return { path: place, ...(isLink ? { followsLinks: true } : {}) };
}

/** The parts that a run looks at: those of the mask, or those that the Include switches name. */
export function wantedComponents(
  include: IncludeSwitches,
  mask: ReadonlySet<Component> | undefined,
): Component[] {
  return mask
    ? [...mask]
    : COMPONENTS.filter((component) => isIncluded(component, include));
}

/** The parts of a mask that leaves out what the Include switches name; undefined where it leaves out nothing. */
export function limitedParts(
  include: IncludeSwitches,
  mask: ReadonlySet<Component> | undefined,
): readonly Component[] | undefined {
  if (
    !mask ||
    wantedComponents(include, undefined).every((component) =>
      mask.has(component),
    )
  ) {
    return undefined;
  }

  return COMPONENTS.filter((component) => mask.has(component));
}

function isIncluded(component: Component, include: IncludeSwitches): boolean {
  if (
    component === 'cfg' ||
    component === 'settings' ||
    component === 'other'
  ) {
    return true;
  }

  return component === 'sslca' ? include.sslcert : include[component];
}

function listStore(storeDir: string): string[] {
  try {
    return readdirSync(storeDir).sort();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') {
      throw error;
    }

    throw new ConfigurationError(
      `the store ${storeDir} that mailserver.cfg names does not exist`,
      {
        hints: ['Mount it, or correct StoreDir in table Directories.'],
      },
    );
  }
}

/** Refuses a backup directory that holds what is to be backed up. @throws {UsageError} */
export function refuseBackupIntoSource(
  backupDir: string,
  sources: readonly Source[],
): void {
  const target = realpathSync(backupDir);
  for (const { path, component, entryName } of sources) {
    if (!entryName.endsWith('/')) continue;

    if (
      path === target ||
      path.startsWith(target.endsWith(sep) ? target : target + sep)
    ) {
      throw new UsageError(
        `the backup directory ${backupDir} contains what is to be backed up: ${path} (${component})`,
        {
          hints: ['Choose a directory of its own for backups.'],
        },
      );
    }
  }
}
