// Tries a built executable where this machine can run it: its version, an error and its exit code, the help, a sample mail
// server that is backed up (by the engine of our own), lost and recovered by the `kmsrecover` beside it, the entries for the operating system's
// scheduler, and the whole demo.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from '../argv.mjs';
import { endWine, prepareWine, runnerOf, runWithFiles } from './runners.mjs';
import { tryDebianPackage, tryEntries } from './try-entries.mjs';
import { tryWindowsTask } from './try-windows-task.mjs';

/**
 * @param programs `{ target, executable, kmsrecover, debianPackage }`, paths; debianPackage is undefined where there is none
 * @returns a sentence about the test, for people
 */
export async function smokeTest(programs) {
  const runner = runnerOf(programs.target);
  if (runner && !runner.isThere()) {
    return `not tried here: it needs ${runner.packages}`;
  }

  const directory = mkdtempSync(join(tmpdir(), 'kms-bin-'));
  const isWine = runner?.command[0] === 'wine';
  const env = {
    ...process.env,
    WINEDEBUG: '-all',
    WINEPREFIX: join(directory, 'wine'),
    WINEARCH: 'win64',
  };

  try {
    if (isWine) prepareWine(env);

    return await tryPrograms(programs, { runner, directory, env });
  } finally {
    if (isWine) endWine(env);

    rmSync(directory, {
      recursive: true,
      force: true,
      maxRetries: 10,
      retryDelay: 200,
    });
  }
}

async function tryPrograms(programs, { runner, directory, env }) {
  const { target, executable } = programs;
  const expect = (program, words, code, pattern) => {
    const command = [...(runner?.command ?? []), program, ...words];
    const { status, text } = runWithFiles(command, { directory, env });
    if (status === code && pattern.test(text)) return;

    throw new Error(
      `${target}: ${words.join(' ')} ended with ${status}, expected ${code} and ${pattern}:\n${text}`,
    );
  };

  const test = argv`notify test`;
  const nowhere = ['--server-dir', join(directory, 'nowhere')];

  const isEmulated = target === 'linux-arm64' && runner !== undefined;

  expect(executable, [...test, ...nowhere], 10, /^Error: no such directory/);
  // An emulated start takes many times as long, and the same code says this on the other systems.
  if (!isEmulated) {
    expect(executable, ['--version'], 0, /^kms-backup\/\d/);
    expect(executable, [...test, '--help'], 0, /EXIT STATUS/);
  }

  await recoverSample(directory, programs, expect);
  await tryInstalled(programs, { runner, directory, env });

  // An emulated program cannot start itself again, as the demo does.
  if (isEmulated) {
    return `tried with ${runner.command[0]}, works (but for the demo)`;
  }

  const demo = ['demo', join(directory, 'demo')];
  expect(executable, demo, 0, /Lost and recovered/);

  return 'tried, works';
}

/** Tries the programs as an operating system starts them: by a scheduler, by a link, from a package. */
async function tryInstalled(programs, { runner, directory, env }) {
  const { target, executable, debianPackage } = programs;

  if (runner?.command[0] === 'wine') {
    await tryWindowsTask({ executable, directory, env });
  }

  if (runner) return;

  if (target.startsWith('linux')) await tryEntries({ executable, directory });
  if (debianPackage !== undefined) {
    await tryDebianPackage({ file: debianPackage, directory });
  }
}

async function recoverSample(directory, { executable, kmsrecover }, expect) {
  const { buildSampleServer } =
    await import('../../dist/demo/sample-server.js');
  const { serverDir, storeDir, backupDir } = buildSampleServer(
    join(directory, 'sample server'),
  );
  const at = ['--server-dir', serverDir];
  const countBefore = countMail(storeDir);

  expect(executable, argv`backup full ${at}`, 0, /^Verified/m);
  expect(
    executable,
    argv`doctor ${at}`,
    0,
    /^ok +compression +the own engine/m,
  );
  rmSync(join(storeDir, 'mail'), { recursive: true });
  expect(kmsrecover, [backupDir, ...at], 0, /./);

  const count = countMail(storeDir);
  if (count !== countBefore) {
    throw new Error(
      `${kmsrecover} brought back ${count} of ${countBefore} messages`,
    );
  }
}

function countMail(storeDir) {
  const names = readdirSync(storeDir, { recursive: true });

  return names.filter((name) => name.endsWith('.eml')).length;
}
