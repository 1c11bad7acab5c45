import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { syncDirectory } from './atomic-file.js';
import { removeTree } from './remove-tree.js';

/** Removes a file durably; one that is not there is no error. */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
  syncDirectory(dirname(path));
}

/** Hands `use` the path of a file that only this user can read and that is gone afterwards. */
export function withTemporaryFile<T>(
  name: string,
  bytes: Uint8Array,
  use: (path: string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'kms-backup-'));
  try {
    const path = join(folder, name);
    writeFileSync(path, bytes, { mode: 0o600 });

    return use(path);
  } finally {
    removeTree(folder);
  }
}

/** Adds text at the end of a file with one write, so that lines of several programs do not mix; creates the file. */
export function appendText(path: string, text: string): void {
  appendFileSync(path, text, { mode: 0o644 });
}
