import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { optionally } from './optional-calls.js';

/**
 * Makes a directory and those above it that are missing; each has the rights, and run as root the owner, of the one that
 * it lies in: what is recovered must not be open to more people than its neighbours, nor closed to the mail server.
 */
export function makeOwnedDirectories(directory: string): void {
  if (lstatSync(directory, { throwIfNoEntry: false })) return;

  const above = dirname(directory);
  makeOwnedDirectories(above);
  mkdirSync(directory);
  if (process.platform === 'win32') return;

  const { uid, gid, mode } = lstatSync(above);
  if (process.getuid?.() === 0) {
    optionally('owner', directory, () => {
      chownSync(directory, uid, gid);
    });
  }

  optionally('mode', directory, () => {
    chmodSync(directory, mode & 0o7777);
  });
}
