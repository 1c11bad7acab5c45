import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { syncDirectory } from './atomic-file.js';
import { removeTree } from './remove-tree.js';

/** Removes a file durably. A missing file is no error. */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
  syncDirectory(dirname(path));
}

/** Calls `use` with the path of a temporary file that only this user can read. */
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

/** Adds text to the end of a file by one write, so that lines of several programs do not mix. Creates a missing file. */
export function appendText(path: string, text: string): void {
  appendFileSync(path, text, { mode: 0o644 });
}
