import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A library that LD_PRELOAD brings before the C library's functions, of the C file of this name here. Made once for all test files;
 * undefined where it cannot be.
 */
export function libraryOf(name: string): string | undefined {
  if (process.platform !== 'linux') return undefined;

  const path = join(tmpdir(), `kms-backup-${name}-${String(process.ppid)}.so`);
  if (existsSync(path)) return path;

  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const own = join(
    mkdtempSync(join(tmpdir(), 'kms-backup-library-')),
    'made.so',
  );
  const words = ['-shared', '-fPIC', '-o', own, source, '-ldl', '-lpthread'];
  const { status } = spawnSync('gcc', words);
  if (status !== 0) return undefined;

  // Another test file may make it just now.
  renameSync(own, path);

  return path;
}
