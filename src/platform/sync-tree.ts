import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, syncFile } from './atomic-file.js';

/**
 * Makes everything below a directory durable. On Linux one call syncs the file system (`sync -f`), hundreds of times faster
 * than a call for each of 200,000 files; other systems sync file by file.
 * @throws {Error} the operating system's
 */
export function syncTree(directory: string): void {
  if (process.platform === 'linux') {
    const { status } = spawnSync('sync', ['-f', directory], {
      stdio: 'ignore',
    });
    if (status === 0) return;
  }

  syncEach(directory);
}

function syncEach(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) syncEach(path);
    else if (entry.isFile()) syncOne(path);
  }

  syncDirectory(directory);
}

function syncOne(path: string): void {
  const fd = openSync(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    syncFile(fd, path);
  } finally {
    closeSync(fd);
  }
}
