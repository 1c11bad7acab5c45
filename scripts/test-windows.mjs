// Runs test/windows under Wine with Node's Windows binary; without Wine it says so and ends well.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const hasWine = (process.env.PATH ?? '')
  .split(':')
  .some((directory) => existsSync(`${directory}/wine`));
if (process.platform !== 'win32' && !hasWine) {
  console.log(
    'Skipped: the Windows tests need Wine (apt-get install --no-install-recommends wine64 wine).',
  );
} else {
  const args = [
    '--test',
    '--test-concurrency=1',
    '--test-reporter=spec',
    ...process.argv.slice(2),
    'test/windows/',
  ];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
