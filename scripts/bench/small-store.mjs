// The small store that the decision records were measured on: store B of docs/benchmarks.md, a tenth of it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kms } from './kms.mjs';
import { ensureStore } from './stores.mjs';

export const WORK = fileURLToPath(
  new URL('../../.bench/decisions/', import.meta.url),
);

export const smallStore = (name = 'B') => ensureStore(WORK, name, 10);

export function emptyDirectory(name) {
  const directory = join(WORK, name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** The path of a full backup's first volume, written anew. */
export function backUp(store) {
  const directory = emptyDirectory('kms');
  const { command, env } = kms(
    'backup',
    'full',
    '--server-dir',
    store.serverDir,
    '--backup-dir',
    directory,
    '--quiet',
  );

  const { status, stderr } = spawnSync(command[0], command.slice(1), {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });

  if (status !== 0) throw new Error(stderr);

  return join(
    directory,
    readdirSync(directory).find((name) => /^F\d+T\d+Z\.zip$/.test(name)),
  );
}
