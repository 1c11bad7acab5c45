// Runs the tests on the compiled code and ends with one line that counts them: `tests: N passed, N failed, N skipped`.
//   node scripts/test.mjs [--fast] [FILE…]
// With --fast only those that every supported Node runs (vitest.config.ts). The Node that runs this is the one that is tested.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Node reads these certificates at every start, 50 ms long: the tests start it some thousand times and need none.
delete process.env.NODE_EXTRA_CA_CERTS;

// A version manager's python3 looks for Python anew at each of some hundred calls, half a second long.
const python = spawnSync(
  'python3',
  ['-c', 'import sys; print(sys.executable)'],
  { encoding: 'utf8' },
);
if (python.status === 0) {
  process.env.PATH =
    dirname(python.stdout.trim()) + delimiter + process.env.PATH;
}

const words = process.argv.slice(2);
if (words.includes('--fast')) process.env.KMS_TEST_FAST = '1';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kms-backup-test-'));
const report = join(folder, 'report.json');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
];
const { status } = spawnSync(
  process.execPath,
  [...args, ...words.filter((word) => word !== '--fast')],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } =
    JSON.parse(readFileSync(report, 'utf8'));
  const skipped = numPendingTests + numTodoTests;
  console.log(
    `tests: ${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped`,
  );
  process.exitCode = numPassedTests === 0 ? 1 : (status ?? 1);
} catch {
  console.log('tests: 0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
