// Runs tests on the compiled code and ends with one line that counts them: `tests: N passed, N failed, N skipped`.
//   node scripts/test.mjs [--all | --slow | --node | --older-node] [FILE…]
// Without an option the fast set; --slow the others, --all both, --node those that the newest Node runs, --older-node fewer of them
// (vitest.config.ts).
// A FILE is run whatever its set, and other options are vitest's (`-t 'part of a name'`). The Node that runs this is the one that is tested.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const SETS = ['--all', '--slow', '--node', '--older-node'];

const words = process.argv.slice(2);
const named = words.find((word) => SETS.includes(word));
const rest = words.filter((word) => !SETS.includes(word));
const namesFile = rest.some((word) => !word.startsWith('-'));
const set = named?.slice('--'.length) ?? (namesFile ? 'all' : 'fast');

process.exitCode = runTests(environment(), rest);

/** The environment of the tests: what costs time in each of some thousand programs is left out. */
function environment() {
  const env = { ...process.env, KMS_TEST_SET: set };
  // Node reads these certificates at every start, 50 ms long: no test needs them.
  delete env.NODE_EXTRA_CA_CERTS;

  // A version manager's python3 looks for Python anew at each call, half a second long.
  const python = spawnSync(
    'python3',
    ['-c', 'import sys; print(sys.executable)'],
    { encoding: 'utf8' },
  );
  if (python.status === 0) {
    env.PATH = dirname(python.stdout.trim()) + delimiter + env.PATH;
  }

  return env;
}

/** Runs vitest and prints the counts; returns the exit code. */
function runTests(env, further) {
  const folder = mkdtempSync(join(tmpdir(), 'kms-backup-test-'));
  const report = join(folder, 'report.json');

  try {
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...further,
      ],
      { cwd: root, env, stdio: 'inherit' },
    );

    const passed = printResults(readResults(report));

    return passed === 0 ? 1 : (status ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names what failed, and counts in the last line; returns how many passed. */
function printResults(results) {
  const skipped = results.numPendingTests + results.numTodoTests;
  const failed = results.numFailedTests + failedFiles(results).length;

  nameFailures(results);
  console.log(
    `tests: ${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`,
  );

  return results.numPassedTests;
}

/** One line for each test that failed: the log of a whole run is longer than what is kept of it. */
function nameFailures(results) {
  const { testResults = [] } = results;

  for (const { name, assertionResults } of testResults) {
    for (const test of assertionResults) {
      if (test.status !== 'failed') continue;

      const [why = ''] = test.failureMessages.join('\n').split('\n');
      printFailure(name, `${test.fullName}: ${why}`);
    }
  }

  for (const { name, message } of failedFiles(results)) {
    printFailure(name, message.split('\n')[0]);
  }
}

function printFailure(file, what) {
  console.log(`failed test: ${relative(root, file)}: ${what.slice(0, 300)}`);
}

/** Files that failed before or after their tests: none of these has failed. */
function failedFiles({ testResults = [] }) {
  return testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' &&
      assertionResults.every((test) => test.status !== 'failed'),
  );
}

/** A run without a report counts as one failure. */
function readResults(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return {
      numPassedTests: 0,
      numFailedTests: 1,
      numPendingTests: 0,
      numTodoTests: 0,
    };
  }
}
