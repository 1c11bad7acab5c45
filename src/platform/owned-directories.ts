import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { optionally } from './optional-calls.js';

/**
 * Makes a directory, and the missing directories above it. Each gets the rights of its parent and, where root runs it, the
 * owner too: a recovered file must not be open to more users than its neighbours, nor closed to the mail server.
 */
export function makeOwnedDirectories(directory: string): void {
  if (lstatSync(directory, { throwIfNoEntry: false })) return;

  const parent = dirname(directory);
  makeOwnedDirectories(parent);
  mkdirSync(directory);
  if (process.platform === 'win32') return;

  const { uid, gid, mode } = lstatSync(parent);
  if (process.getuid?.() === 0) {
    optionally('owner', directory, () => {
      chownSync(directory, uid, gid);
    });
  }

  optionally('mode', directory, () => {
    chmodSync(directory, mode & 0o7777);
  });
}
