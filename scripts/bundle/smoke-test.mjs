// Tries a built executable where this machine can run it: the version, an error with its exit code, the help, a sample mail
// server that is backed up, lost and recovered by the `kmsrecover` beside it, the entries for the operating system's
// scheduler as it starts them, and the whole demo.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostTarget } from '../node-binaries.mjs';
import { tryDebianPackage, tryEntries } from './try-entries.mjs';
import { tryWindowsTask } from './try-windows-task.mjs';

const ARM_LIBRARIES = '/usr/aarch64-linux-gnu';
/** What runs the programs of other targets here, and Debian's packages of it. */
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

/** @param debianPackage the file of the package; undefined where there is none */
export async function smokeTest({
  target,
  executable,
  kmsrecover,
  debianPackage,
}) {
  const runner = target === hostTarget() ? undefined : RUNNERS[target];
  if (runner && !runner.isThere()) {
    return `not tried here: it needs ${runner.packages}`;
  }

  const command = runner?.command ?? [];
  const [emulator] = command;
  const directory = mkdtempSync(join(tmpdir(), 'kms-bin-'));

  const env = {
    ...process.env,
    WINEDEBUG: '-all',
    WINEPREFIX: join(directory, 'wine'),
    WINEARCH: 'win64',
  };

  if (emulator === 'wine') prepareWine(env);

  const expect = (program, words, code, pattern) => {
    const { status, text } = run([...command, program, ...words], {
      directory,
      env,
    });

    if (status === code && pattern.test(text)) return;

    throw new Error(
      `${target}: ${words.join(' ')} ended with ${status}, expected ${code} and ${pattern}:\n${text}`,
    );
  };

  try {
    expect(executable, ['--version'], 0, /^kms-backup\/\d/);
    expect(
      executable,
      ['notify', 'test', '--server-dir', join(directory, 'nowhere')],
      10,
      /^Error: no such directory/,
    );
    expect(executable, ['notify', 'test', '--help'], 0, /EXIT STATUS/);
    await recoverSample(directory, { executable, kmsrecover, expect });
    if (!runner && target.startsWith('linux')) {
      await tryEntries({ executable, directory });
    }

    if (!runner && debianPackage !== undefined) {
      await tryDebianPackage({ file: debianPackage, directory });
    }

    if (emulator === 'wine') {
      await tryWindowsTask({ executable, directory, env });
    }

    // An emulated program cannot start itself again, as the demo does.
    if (target === 'linux-arm64' && runner) {
      return `tried with ${emulator}, works (but for the demo)`;
    }

    expect(
      executable,
      ['demo', join(directory, 'demo')],
      0,
      /Lost and recovered/,
    );

    return 'tried, works';
  } finally {
    if (emulator === 'wine') {
      spawnSync('wineserver', ['-k'], { env, stdio: 'ignore' });
    }

    rmSync(directory, {
      recursive: true,
      force: true,
      maxRetries: 10,
      retryDelay: 200,
    });
  }
}

async function recoverSample(directory, { executable, kmsrecover, expect }) {
  const { buildSampleServer } =
    await import('../../dist/demo/sample-server.js');
  const { serverDir, storeDir, backupDir } = buildSampleServer(
    join(directory, 'sample server'),
  );

  const countMail = () =>
    readdirSync(storeDir, { recursive: true }).filter((name) =>
      name.endsWith('.eml'),
    ).length;

  const before = countMail();

  expect(
    executable,
    ['backup', 'full', '--server-dir', serverDir],
    0,
    /^Verified/m,
  );
  rmSync(join(storeDir, 'mail'), { recursive: true });
  expect(kmsrecover, [backupDir, '--server-dir', serverDir], 0, /./);

  if (countMail() !== before) {
    throw new Error(
      `${kmsrecover} brought back ${countMail()} of ${before} messages`,
    );
  }
}

/** Output goes to files, not pipes: Wine's programs do not always end when their pipes are read. */
function run([command, ...args], { directory, env }) {
  const [outPath, errPath] = [join(directory, 'out'), join(directory, 'err')];
  const [out, err] = [openSync(outPath, 'w'), openSync(errPath, 'w')];

  const { status } = spawnSync(command, args, {
    stdio: ['ignore', out, err],
    env,
    timeout: 300_000,
  });

  closeSync(out);
  closeSync(err);

  return {
    status,
    text: readFileSync(outPath, 'utf8') + readFileSync(errPath, 'utf8'),
  };
}

/** A Windows of its own, of a version that Node accepts. */
function prepareWine(env) {
  spawnSync('wineboot', ['-i'], { env, stdio: 'ignore' });
  spawnSync('winecfg', ['-v', 'win10'], { env, stdio: 'ignore' });
}

function isInPath(name) {
  return (process.env.PATH ?? '')
    .split(':')
    .some((directory) => existsSync(join(directory, name)));
}
