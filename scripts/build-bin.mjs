// Builds single executables with everything inside, workers included, and packages of them.
//   node scripts/build-bin.mjs [--target linux-x64|linux-arm64|win-x64]… [--no-test]
// Results lie in build/. Node itself comes from the npm packages that ship it, see node-binaries.mjs.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inject } from 'postject';
import { bundleForExecutable } from './bundle/bundle.mjs';
import { writeDebianPackage } from './bundle/debian.mjs';
import { smokeTest } from './bundle/smoke-test.mjs';
import { nodeBinary, run, TARGETS } from './node-binaries.mjs';

/** Node's mark of the place where the program goes (Node.js documentation, "Single executable applications"). */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'build');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The program as Node wants it: the main script and, as assets, the workers. */
function writeBlob(target, node, workers, directory) {
  const isNative = target === `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const output = join(directory, 'program.blob');
  const config = {
    main: join(directory, 'main.cjs'),
    output,
    disableExperimentalSEAWarning: true,
    // Compiled code saves a third of the start, but only the machine it is for can make it.
    useCodeCache: isNative,
    assets: workers,
  };
  writeFileSync(join(directory, 'sea.json'), JSON.stringify(config));
  // The target's own Node where it runs here: the code cache belongs to exactly that build of V8.
  run(isNative ? node : process.execPath, ['--experimental-sea-config', join(directory, 'sea.json')]);
  return output;
}

async function buildExecutable(target, workers, bundled) {
  const node = nodeBinary(target);
  const isWindows = target.startsWith('win');
  const directory = join(build, `kms-backup-${version}-${target}`);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const executable = join(directory, isWindows ? 'kms-backup.exe' : 'kms-backup');
  copyFileSync(node, executable);
  chmodSync(executable, 0o755);
  const quiet = console.warn;
  console.warn = () => undefined;
  await inject(executable, 'NODE_SEA_BLOB', readFileSync(writeBlob(target, node, workers, bundled)), {
    sentinelFuse: FUSE,
  });
  console.warn = quiet;
  if (isWindows) writeFileSync(join(directory, 'kmsrecover.cmd'), '@"%~dp0kms-backup.exe" recover --yes %*\r\n');
  else symlinkSync('kms-backup', join(directory, 'kmsrecover'));
  addDocuments(directory);
  return { target, directory, executable };
}

function addDocuments(directory) {
  for (const name of [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'kms-backup.ini.example',
    'man/kms-backup.1',
    'docs/operating.md',
    'completion/kms-backup.bash',
    'completion/_kms-backup',
    'completion/kms-backup.ps1',
  ]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(directory, name.split('/').at(-1)));
  }
  // The packages for Windows leave Node's licence out; it is the same for all.
  const licence = join(nodeBinary('linux-x64'), '..', '..', 'LICENSE');
  copyFileSync(licence, join(directory, 'LICENSE.node'));
}

function writeArchive({ target, directory }) {
  const name = directory.split(/[\\/]/).at(-1);
  if (target.startsWith('win')) return;
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  run('tar', [...owner, '-czf', `${name}.tar.gz`, name], { cwd: build });
}

const { values } = parseArgs({
  options: { target: { type: 'string', multiple: true }, 'no-test': { type: 'boolean', default: false } },
});
const targets = values.target ?? Object.keys(TARGETS);
const unknown = targets.find((target) => !(target in TARGETS));
if (unknown !== undefined) throw new Error(`no target ${unknown}: ${Object.keys(TARGETS).join(', ')}`);

run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
const bundled = join(build, 'bundle');
rmSync(bundled, { recursive: true, force: true });
mkdirSync(bundled, { recursive: true });
const workers = await bundleForExecutable(bundled);
for (const target of targets) {
  const made = await buildExecutable(target, workers, bundled);
  writeArchive(made);
  const { debian } = TARGETS[target];
  if (debian !== undefined) writeDebianPackage({ ...made, architecture: debian, version, build });
  console.log(`${target}: ${made.executable}`);
  if (!values['no-test']) console.log(`${target}: ${smokeTest(made)}`);
}
