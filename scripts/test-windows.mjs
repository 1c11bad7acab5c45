// Runs test/windows under Wine with Node's Windows binary, and ends with the line that counts tests; without Wine it says so.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countsOf } from './tap-counts.mjs';

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

    console.log(countsOf(readFileSync(report, 'utf8')).line);

    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
