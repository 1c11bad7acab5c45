// Compiles src/ into an empty dist/, types checked, and bundles that into dist/bundle, which bin/run.js starts.
// A dist/ that was built from the same files and not touched since stays: several steps of a check ask for it.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForNode } from './bundle/bundle.mjs';

/** Files and directories that decide the content of dist/. */
const SOURCES = [
  'src',
  'scripts/build.mjs',
  'scripts/bundle',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  'oclif.manifest.json',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(root, 'node_modules', '.cache', 'kms-backup', 'built');

const isBuilt =
  existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOfBuild();
if (!isBuilt) await build();

async function build() {
  rmSync(dist, { recursive: true, force: true });

  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    process.exitCode = status ?? 1;

    return;
  }

  await bundleForNode();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digestOfBuild());
}

/** SHA-256 over the names and contents of the sources and of what was built. */
function digestOfBuild() {
  const hash = createHash('sha256').update(process.version);

  for (const path of [...SOURCES, 'dist'].flatMap(filesBelow)) {
    hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  }

  return hash.digest('hex');
}

/** The path itself where it is a file; nothing where it is missing. */
function filesBelow(path) {
  const absolute = join(root, path);
  const stat = statSync(absolute, { throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isFile()) return [path];

  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}
