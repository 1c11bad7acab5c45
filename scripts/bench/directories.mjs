// Directories that a measurement fills, copies and counts.
import { cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Makes a directory, or empties it. */
export function emptyDirectory(directory) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
}

/** Replaces a directory by a copy of another one, times of files included. */
export function replaceByCopy(directory, original) {
  rmSync(directory, { recursive: true, force: true });
  cpSync(original, directory, { recursive: true, preserveTimestamps: true });
}

/** Returns the size of a backup directory's archives, in bytes. */
export function archiveBytes(directory) {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.zip'))
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

/** Returns the size of all files below a directory, in bytes. */
export function treeBytes(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size)
    .reduce((sum, size) => sum + size, 0);
}
