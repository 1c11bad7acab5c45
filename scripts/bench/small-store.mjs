// The small store of the decision records' measurements: store B of docs/benchmarks.md, a tenth of it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyDirectory } from './directories.mjs';
import { firstArchive } from './jobs-read.mjs';
import { kms } from './kms.mjs';
import { ensureStore } from './stores.mjs';

export const WORK = fileURLToPath(
  new URL('../../.bench/decisions/', import.meta.url),
);

export const smallStore = (name = 'B') => ensureStore(WORK, name, 10);

/** Returns the path of an empty directory below the work directory. */
export function emptyWork(name) {
  const directory = join(WORK, name);
  emptyDirectory(directory);

  return directory;
}

/** Writes a full backup and returns the path of its first volume. */
export function backUp(store) {
  const directory = emptyWork('kms');
  const { command, env } =
    kms`backup full --server-dir ${store.serverDir} --backup-dir ${directory} --quiet`;
  const { status, stderr } = spawnSync(command[0], command.slice(1), {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });

  if (status !== 0) throw new Error(stderr);

  return firstArchive(directory);
}
