// Builds single executables with everything inside, workers included, and packages of them.
//   node scripts/build-bin.mjs [--target linux-x64|linux-arm64|win-x64]… [--no-test] [--quick]
//   --quick   packages that are compressed little, for a test of them
// Results lie in build/. Node itself comes from the npm packages that ship it, see node-binaries.mjs.
import {
  copyFileSync,
  cpSync,
  createWriteStream,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ZipArchive } from 'archiver';
import { bundleForExecutable } from './bundle/bundle.mjs';
import { writeDebianPackage } from './bundle/debian.mjs';
import { makeExecutable } from './bundle/single-executable.mjs';
import { smokeTest } from './bundle/smoke-test.mjs';
import {
  hostTarget,
  NODE_VERSION,
  nodeBinary,
  run,
  TARGETS,
  WINE_NODE_VERSION,
} from './node-binaries.mjs';

const DOCUMENTS = [
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'kms-backup.ini.example',
  'man/kms-backup.1',
  'completion/kms-backup.bash',
  'completion/_kms-backup',
  'completion/kms-backup.fish',
  'completion/kms-backup.ps1',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'build');
const { version } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

/** The executable and the `kmsrecover` beside it, in a directory of their own. */
async function makePrograms({
  target,
  workers,
  bundled,
  directory,
  nodeVersion = NODE_VERSION,
}) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });

  const isWindows = target.startsWith('win');
  const [executable, kmsrecover] = ['kms-backup', 'kmsrecover'].map((name) =>
    join(directory, isWindows ? `${name}.exe` : name),
  );
  const main = join(bundled, 'main.cjs');

  await makeExecutable({
    target,
    main,
    assets: workers,
    executable,
    version: nodeVersion,
  });
  // A .cmd would not do on Windows: a .bat file that calls one without CALL ends there.
  if (isWindows) linkSync(executable, kmsrecover);
  else symlinkSync('kms-backup', kmsrecover);

  return { target, directory, executable, kmsrecover };
}

/** Returns the programs for the test: for Windows on another system, the same program in a Node that Wine can start. */
function programsToTry(made, workers, bundled) {
  const { target } = made;
  if (!target.startsWith('win') || hostTarget() === target) return made;

  const directory = join(build, `tried-${target}`);

  return makePrograms({
    target,
    workers,
    bundled,
    directory,
    nodeVersion: WINE_NODE_VERSION,
  });
}

async function buildExecutable(target, workers, bundled) {
  const made = await makePrograms({
    target,
    workers,
    bundled,
    directory: join(build, `kms-backup-${version}-${target}`),
  });

  const { directory } = made;

  for (const path of DOCUMENTS) {
    copyFileSync(join(root, path), join(directory, basename(path)));
  }

  // As they lie in the repository, so that their links lead somewhere.
  cpSync(join(root, 'docs'), join(directory, 'docs'), { recursive: true });
  // The packages for Windows leave Node's licence out; it is the same for all.
  copyFileSync(
    join(nodeBinary('linux-x64'), '..', '..', 'LICENSE'),
    join(directory, 'LICENSE.node'),
  );

  return made;
}

async function writeArchive({ target, directory, isQuick }) {
  const name = basename(directory);
  if (!target.startsWith('win')) {
    const owner = ['--owner=0', '--group=0', '--numeric-owner'];
    const how = isQuick ? ['-I', 'gzip -1', '-cf'] : ['-czf'];
    run('tar', [...owner, ...how, `${name}.tar.gz`, name], { cwd: build });

    return;
  }

  const zip = new ZipArchive(isQuick ? { zlib: { level: 1 } } : {});
  const output = zip.pipe(createWriteStream(join(build, `${name}.zip`)));

  zip.directory(directory, name);
  await Promise.all([finished(output), zip.finalize()]);
}

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    'no-test': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const targets = values.target ?? Object.keys(TARGETS);
const unknown = targets.find((target) => !(target in TARGETS));
if (unknown !== undefined) {
  throw new Error(`no target ${unknown}: ${Object.keys(TARGETS).join(', ')}`);
}

run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
const bundled = join(build, 'bundle');
rmSync(bundled, { recursive: true, force: true });
mkdirSync(bundled, { recursive: true });
const workers = await bundleForExecutable(bundled);
for (const target of targets) {
  const made = await buildExecutable(target, workers, bundled);
  await writeArchive({ ...made, isQuick: values.quick });
  const { debian } = TARGETS[target];
  const debianPackage =
    debian === undefined
      ? undefined
      : writeDebianPackage({
          ...made,
          architecture: debian,
          version,
          build,
          compression: values.quick ? ['-Znone'] : undefined,
        });
  console.log(`${target}: ${made.executable}`);
  if (values['no-test']) continue;
  const tried = await programsToTry(made, workers, bundled);
  console.log(`${target}: ${await smokeTest({ ...tried, debianPackage })}`);
}
