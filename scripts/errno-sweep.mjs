// Every error of the operating system × every call × every command, on a small mail server, and what must hold all the same:
// never UNEXPECTED, never an archive that does not verify, never a changed store after a failure. Prints the table.
//   node scripts/errno-sweep.mjs [--sample N]   N: of every N cases one; default: all of them
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const root = realpathSync(mkdtempSync(join(tmpdir(), 'kms-backup-errno-')));
try {
  process.exitCode = sweep();
} finally {
  rmSync(root, { recursive: true, force: true });
}

function sweep() {
  const library = join(root, 'refuse.so');
  const compiler = spawnSync('gcc', [
    '-shared',
    '-fPIC',
    '-o',
    library,
    here('../test/helpers/refuse-calls.c'),
    '-ldl',
  ]);

  if (compiler.status !== 0) {
    throw new Error(
      `gcc is needed (packages gcc and libc6-dev): ${compiler.stderr}`,
    );
  }

  // Child processes of commands would be refused too.
  const quiet = {
    KMS_BACKUP_PID_FILE: '/nonexistent/kms.pid',
    NODE_ENV: 'production',
    NO_COLOR: '1',
  };

  const env = { ...process.env, ...quiet, LD_PRELOAD: library };

  const { status } = spawnSync(
    process.execPath,
    [here('errno-sweep/child.mjs'), root, ...process.argv.slice(2)],
    {
      env,
      stdio: 'inherit',
    },
  );

  return status ?? 128 + constants.signals.SIGKILL;
}
