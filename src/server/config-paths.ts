import { posix, win32 } from 'node:path';
import type { ConfigDocument } from './config/document.js';
import { findSection } from './config/values.js';

/** The paths in mailserver.cfg (docs/kerio.md 8.4), as a server of either platform writes them. Pure. */

/** A variable of mailserver.cfg that holds a directory. */
export interface PathVariable {
  readonly table: string;
  readonly name: string;
  /** The directory below the store that a new installation has for it. */
  readonly ownName: string;
}

/** The store itself, which the others may lie in. */
export const STORE_VARIABLE: PathVariable = {
  table: 'Directories',
  name: 'StoreDir',
  ownName: '',
};

/** Where the server archives mail: below the store, or anywhere else. */
export const ARCHIVE_VARIABLE: PathVariable = {
  table: 'Directories',
  name: 'ArchiveDir',
  ownName: 'archive',
};

/** Where a server archives that names no directory; from its install directory. */
export const USUAL_ARCHIVE_DIR = 'store/archive';

/** The directories beside the mail that a server works with. */
export const OTHER_VARIABLES: readonly PathVariable[] = [
  ARCHIVE_VARIABLE,
  { table: 'Directories', name: 'BackupDir', ownName: 'backup' },
  { table: 'LogGlobal', name: 'RelativePathsRoot', ownName: 'logs' },
];

/** The value of a path's variable, the first where it is there twice; empty where it is absent. */
export function pathIn(
  document: ConfigDocument,
  { table, name }: PathVariable,
): string {
  const section = findSection(document, 'table', table);
  const found = section?.variables.find((variable) => variable.name === name);

  return found?.value.trim() ?? '';
}

/** Says whether a path is one of the other platform: `C:\store` on Linux, `/opt/store` on Windows. */
export function isForeign(
  path: string,
  platform: NodeJS.Platform = process.platform,
): boolean {
  return platform === 'win32'
    ? /^\/(?!\/)/.test(path)
    : /^([a-z]:|\\\\)/i.test(path) || /^[^/]+\\/.test(path);
}

/** Says whether a path begins at a root: another than that of a relative one. */
export function isRooted(path: string): boolean {
  return posix.isAbsolute(path) || /^([a-z]:[\\/]|\\\\)/i.test(path);
}

/**
 * The steps that lead from a directory to a path in it, none to the directory itself; undefined where the path lies
 * elsewhere. Both are of one platform, which their spelling tells; Windows does not tell `A` from `a`.
 * Example: `C:\Kerio\store\archive\` is `archive` below `c:\kerio\store`.
 */
export function stepsBelow(
  path: string,
  directory: string,
): readonly string[] | undefined {
  const isWindows = [path, directory].map((one) => !posix.isAbsolute(one));
  if (isWindows[0] !== isWindows[1]) return undefined;

  const rules = isWindows[0] === true ? win32 : posix;
  const way = rules.relative(directory, path);
  const steps = way.split(rules.sep).filter((step) => step !== '');

  return rules.isAbsolute(way) || steps[0] === '..' ? undefined : steps;
}
