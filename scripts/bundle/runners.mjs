// Runs the programs of other targets on this machine: Windows' under Wine, those for ARM under QEMU.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostTarget } from '../node-binaries.mjs';

const ARM_LIBRARIES = '/usr/aarch64-linux-gnu';
/** The emulator of each target, and Debian's packages of it. */
const RUNNERS = {
  'win-x64': {
    command: ['wine'],
    packages: 'wine64 wine',
    isThere: () => isInPath('wine'),
  },
  'linux-arm64': {
    command: ['qemu-aarch64-static', '-L', ARM_LIBRARIES],
    packages: 'qemu-user-static libstdc++6-arm64-cross',
    isThere: () =>
      isInPath('qemu-aarch64-static') &&
      existsSync(join(ARM_LIBRARIES, 'lib', 'libstdc++.so.6')),
  },
};

/** Returns the emulator that a target needs on this machine; undefined where it needs none. */
export function runnerOf(target) {
  return target === hostTarget() ? undefined : RUNNERS[target];
}

/** Prepares an installation of Windows in the directory that the environment names, of a version that Node accepts. */
export function prepareWine(env) {
  spawnSync('wineboot', ['-i'], { env, stdio: 'ignore' });
  spawnSync('winecfg', ['-v', 'win10'], { env, stdio: 'ignore' });
}

/** Ends all of Wine's programs in the installation that the environment names. */
export function endWine(env) {
  spawnSync('wineserver', ['-k'], { env, stdio: 'ignore' });
}

/** Runs a program with its output in files, not pipes: Wine's programs do not always end when their pipes are read. */
export function runWithFiles([command, ...args], { directory, env }) {
  const outPath = join(directory, 'out');
  const errPath = join(directory, 'err');
  const out = openSync(outPath, 'w');
  const err = openSync(errPath, 'w');

  const { status } = spawnSync(command, args, {
    stdio: ['ignore', out, err],
    env,
    timeout: 300_000,
  });

  closeSync(out);
  closeSync(err);

  const text = readFileSync(outPath, 'utf8') + readFileSync(errPath, 'utf8');

  return { status, text };
}

function isInPath(name) {
  return (process.env.PATH ?? '')
    .split(':')
    .some((directory) => existsSync(join(directory, name)));
}
