import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Component, componentOfStoreChild, COMPONENTS } from '../archive/components.js';
import { ConfigurationError, errnoOf, UsageError } from '../errors.js';
import type { Installation } from '../server/installation.js';
import type { IncludeSwitches, ServerSettings } from '../server/settings.js';
import type { SkippedPath } from './walk.js';

/** A file or tree that goes into an archive. */
export interface Source {
  readonly component: Component;
  /** Absolute; links at this place have been followed. */
  readonly path: string;
  /** `mailserver.cfg`, or `@backup/store/mail/` for a tree. */
  readonly entryName: string;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly skipped: readonly SkippedPath[];
}

const CONFIGURATION_FILES = ['mailserver.cfg', 'users.cfg', 'cluster.cfg'];
const INSTALL_DIRECTORIES = ['settings', 'license', 'sslca', 'sslcert'] as const;

/**
 * Finds what a backup of this server holds, in the server's order.
 * @param mask the parts that were asked for; undefined: what the Include switches say
 * @throws {ConfigurationError} when the store does not exist
 */
export function findSources(
  installation: Installation,
  settings: ServerSettings,
  mask: ReadonlySet<Component> | undefined,
): Sources {
  const wanted = new Set(wantedComponents(settings.include, mask));
  const sources: Source[] = [];
  const skipped: SkippedPath[] = [];
  const add = (component: Component, path: string, entryName: string): void => {
    if (!wanted.has(component)) return;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) sources.push({ component, path: realpathSync(path), entryName: `${entryName}/` });
    else if (stats?.isFile()) sources.push({ component, path, entryName });
    else if (stats) skipped.push({ name: entryName, reason: 'neither file nor directory' });
  };
  for (const name of CONFIGURATION_FILES) add('cfg', join(installation.dir, name), name);
  for (const name of INSTALL_DIRECTORIES) add(name, join(installation.dir, name), `@backup/${name}`);
  for (const name of listStore(settings.storeDir)) {
    const component = componentOfStoreChild(name);
    if (component === undefined) continue;
    const path = join(settings.storeDir, name);
    // A component may lie on another disk behind a link; any other link is not ours to follow.
    if (component === 'other' && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
      skipped.push({ name: `@backup/store/${name}`, reason: 'symbolic link, not followed' });
      continue;
    }
    add(component, path, `@backup/store/${name}`);
  }
  sources.sort((a, b) => COMPONENTS.indexOf(a.component) - COMPONENTS.indexOf(b.component));
  return { sources, skipped: wanted.has('other') ? skipped : [] };
}

/** The parts that a run looks at: those of the mask, or those that the Include switches name. */
export function wantedComponents(include: IncludeSwitches, mask: ReadonlySet<Component> | undefined): Component[] {
  return mask ? [...mask] : COMPONENTS.filter((component) => isIncluded(component, include));
}

/** The parts of a mask that leaves out what the Include switches name; undefined where it leaves out nothing. */
export function limitedParts(
  include: IncludeSwitches,
  mask: ReadonlySet<Component> | undefined,
): readonly Component[] | undefined {
  if (!mask || wantedComponents(include, undefined).every((component) => mask.has(component))) return undefined;
  return COMPONENTS.filter((component) => mask.has(component));
}

function isIncluded(component: Component, include: IncludeSwitches): boolean {
  if (component === 'cfg' || component === 'settings' || component === 'other') return true;
  return component === 'sslca' ? include.sslcert : include[component];
}

function listStore(storeDir: string): string[] {
  try {
    return readdirSync(storeDir).sort();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    throw new ConfigurationError(`the store ${storeDir} that mailserver.cfg names does not exist`, {
      hints: ['Mount it, or correct StoreDir in table Directories.'],
    });
  }
}

/** Refuses a backup directory that holds what is to be backed up. @throws {UsageError} */
export function refuseBackupIntoSource(backupDir: string, sources: readonly Source[]): void {
  const target = realpathSync(backupDir);
  for (const { path, component, entryName } of sources) {
    if (!entryName.endsWith('/')) continue;
    if (path === target || path.startsWith(target.endsWith(sep) ? target : target + sep)) {
      throw new UsageError(
        `the backup directory ${backupDir} contains what is to be backed up: ${path} (${component})`,
        {
          hints: ['Choose a directory of its own for backups.'],
        },
      );
    }
  }
}
