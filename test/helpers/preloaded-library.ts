import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A library that LD_PRELOAD brings before the C library's functions, of the C file of this name here. Made once for what that says;
 * undefined where it cannot be.
 */
export function libraryOf(name: string): string | undefined {
  if (process.platform !== 'linux') return undefined;

  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const digest = createHash('sha256').update(readFileSync(source));
  const mark = digest.digest('hex').slice(0, 16);
  const path = join(tmpdir(), `kms-backup-${name}-${mark}.so`);
  if (existsSync(path)) return path;

  const own = `${path}.${String(process.pid)}`;
  const words = ['-shared', '-fPIC', '-o', own, source, '-ldl', '-lpthread'];
  const { status } = spawnSync('gcc', words);
  if (status !== 0) return undefined;

  // Another test file may make it just now.
  renameSync(own, path);

  return path;
}
