// Runs test/systemd where systemd runs services: in a container of systemd-nspawn that boots from this machine's own /usr, read-only, without
// a network, and ends with its test. Needs Linux and root. The last line counts the tests; where no container boots it says so and skips.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countsOf } from './tap-counts.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The container ends itself before that (TimeoutStartSec), also where nobody is left that waits for it. */
const LIMIT_MS = 300_000;

const UNIT = `[Unit]
DefaultDependencies=no
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
WorkingDirectory=/opt/kms-backup
ExecStartPre=/bin/touch /out/booted
ExecStart=/opt/node --test --test-timeout=60000 --test-reporter=spec --test-reporter-destination=stdout --test-reporter=tap \\
  --test-reporter-destination=/out/tap /opt/kms-backup/test/systemd/
StandardOutput=file:/out/log
StandardError=inherit
TimeoutStartSec=240
`;
const TARGET = `[Unit]
Requires=kms-test.service
After=kms-test.service
`;

if (process.platform === 'linux' && process.getuid() === 0 && hasNspawn()) {
  process.exitCode = runContainer();
} else {
  skip(
    'the tests with systemd need root and systemd-nspawn (apt-get install --no-install-recommends systemd systemd-container)',
  );
}

function hasNspawn() {
  return !spawnSync('systemd-nspawn', ['--version']).error;
}

function skip(why) {
  console.log(`Skipped: ${why}.`);
  console.log('tests: 0 passed, 0 failed, 1 skipped');

  return 0;
}

function runContainer() {
  const home = mkdtempSync(join(tmpdir(), 'kms-systemd-'));

  try {
    layRoot(home);
    const { stdout, stderr, error } = boot(home);
    const read = (name) => readIfThere(join(home, 'out', name));
    if (!existsSync(join(home, 'out/booted'))) {
      return skip(`no container boots here: ${error ?? lastLine(stderr)}`);
    }

    const { line, failed } = countsOf(read('tap'));
    process.stdout.write(read('log') || stdout + stderr);
    console.log(line);

    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(home, { recursive: true, force: true });
    // What nspawn leaves of itself where /run is no tmpfs.
    rmSync(join('/run/systemd/nspawn/propagate', basename(home)), {
      recursive: true,
      force: true,
    });
  }
}

/** A root that holds what systemd wants to write, and links into /usr. */
function layRoot(home) {
  const units = join(home, 'etc/systemd/system');
  const places = 'var/log tmp run proc sys dev usr opt root out srv'.split(' ');
  for (const path of [...places.map((place) => join(home, place)), units]) {
    mkdirSync(path, { recursive: true });
  }

  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    symlinkSync(`usr/${name}`, join(home, name));
  }

  for (const name of ['passwd', 'group', 'os-release']) {
    copyFileSync(join('/etc', name), join(home, 'etc', name));
  }

  writeFileSync(join(home, 'etc/machine-id'), '');
  writeFileSync(join(units, 'kms-test.service'), UNIT);
  writeFileSync(join(units, 'kms-test.target'), TARGET);
}

function boot(home) {
  return spawnSync(
    'systemd-nspawn',
    [
      ...['--quiet', '--register=no', '--keep-unit', '--private-network'],
      ...['--bind-ro=/usr', `--bind-ro=${root}:/opt/kms-backup`],
      ...[`--bind-ro=${process.execPath}:/opt/node`, '-D', home],
      ...[`--machine=${basename(home)}`],
      ...['--boot', 'systemd.unit=kms-test.target'],
    ],
    { encoding: 'utf8', timeout: LIMIT_MS },
  );
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function lastLine(text) {
  return text.trim().split('\n').at(-1);
}
