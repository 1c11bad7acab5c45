// Runs test/windows under Wine with Node's Windows binary, and ends with the line that counts tests; without Wine it says so.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (process.platform === 'win32' || hasWine()) {
  process.exitCode = runTests();
} else {
  console.log(
    'Skipped: the Windows tests need Wine (apt-get install --no-install-recommends wine64 wine).',
  );
  console.log('tests: 0 passed, 0 failed, 1 skipped');
}

function hasWine() {
  return (process.env.PATH ?? '')
    .split(':')
    .some((directory) => existsSync(`${directory}/wine`));
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'kms-backup-windows-'));
  const report = join(folder, 'report.tap');

  try {
    const { status } = spawnSync(
      process.execPath,
      [
        '--test',
        '--test-concurrency=1',
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        '--test-reporter=tap',
        `--test-reporter-destination=${report}`,
        ...process.argv.slice(2),
        'test/windows/',
      ],
      { cwd: root, stdio: 'inherit' },
    );

    printCounts(readFileSync(report, 'utf8'));

    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** TAP ends with a line for each outcome: `# pass 24`. */
function printCounts(tap) {
  const count = (outcome) =>
    Number(new RegExp(`^# ${outcome} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);

  const failed = count('fail') + count('cancelled');
  const skipped = count('skipped') + count('todo');
  console.log(
    `tests: ${count('pass')} passed, ${failed} failed, ${skipped} skipped`,
  );
}
