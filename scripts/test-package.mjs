// Installs what npm publishes as an administrator does, `npm i -g` into a directory of its own, and tries it: the programs by
// their names from PATH, the entry for the operating system's scheduler, the manual page and the documents.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenLinks } from './bundle/broken-links.mjs';
import { tryEntry } from './bundle/try-entries.mjs';
import { run } from './node-binaries.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function install(directory) {
  const quiet = ['--silent', '--no-audit', '--no-fund'];
  const packed = run(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory],
    { cwd: root },
  );

  const prefix = join(directory, 'prefix');

  run(
    'npm',
    [
      'install',
      ...quiet,
      '--global',
      '--prefix',
      prefix,
      join(directory, packed.trim()),
    ],
    { cwd: directory },
  );

  return prefix;
}

function checkDocuments(prefix) {
  const page = join(prefix, 'share', 'man', 'man1', 'kms-backup.1');
  if (!existsSync(page)) {
    throw new Error(`npm installed no manual page ${page}`);
  }

  const home = join(prefix, 'lib', 'node_modules', 'kms-backup');
  const files = readdirSync(home, { recursive: true }).filter(
    (path) => !path.startsWith('node_modules'),
  );
  const broken = brokenLinks(files, (path) =>
    readFileSync(join(home, path), 'utf8'),
  );
  if (broken.length > 0) {
    throw new Error(`links that lead nowhere: ${broken.join(', ')}`);
  }
}

const directory = mkdtempSync(join(tmpdir(), 'kms package-'));
try {
  const prefix = install(directory);
  checkDocuments(prefix);
  const PATH = `${join(prefix, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const { status, stdout } = spawnSync('kmsrecover', ['--help'], {
    env: { PATH },
    encoding: 'utf8',
  });
  if (status !== 0 || !stdout.includes('$ kmsrecover')) {
    throw new Error(`kmsrecover --help ended with ${status}`);
  }

  await tryEntry(
    'by name from PATH',
    { word: 'kms-backup', PATH, cwd: directory },
    join(directory, 'server'),
  );
  console.log('npm package: tried, works');
} finally {
  rmSync(directory, { recursive: true, force: true });
}
