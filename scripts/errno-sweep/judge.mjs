// What must hold however a command ended.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

/** @returns what is wrong; undefined where nothing is */
export async function judge(server, { command }, { exitCode, output }, before) {
  return (
    judgeWords(command, exitCode, output) ??
    (await judgeDisk(server, command, exitCode, before))
  );
}

function judgeWords({ ends }, exitCode, output) {
  if (/UNEXPECTED|\n {4}at /.test(output)) return 'unexpected';
  if (![0, 1, 2, 14, ...ends].includes(exitCode)) {
    return `exit code ${exitCode}`;
  }

  if (/Unknown system error/.test(output)) return 'an error without a name';
  if (exitCode === 0 || exitCode === 3 || /^Code: [A-Z_]+$/m.test(output)) {
    return undefined;
  }

  // What was looked at is shown, and the exit code says how it is.
  return exitCode === 4 || /^(?:problem|failed|warning|ok)/m.test(output)
    ? undefined
    : 'no Code:';
}

async function judgeDisk(server, { id }, exitCode, before) {
  const archives = server.archives();
  if (
    id !== 'rotate' &&
    exitCode !== 0 &&
    exitCode !== 3 &&
    before.archives.some((name) => !archives.includes(name))
  ) {
    return 'an archive is gone';
  }

  if (archives.length === 0) return 'all archives are gone';

  if (archives.some((name) => !before.archives.includes(name))) {
    const verified = await run('verify', [
      server.backupDir,
      '--server-dir',
      server.serverDir,
    ]);

    if (verified.exitCode !== 0) return `does not verify: ${verified.output}`;
  }

  if (id !== 'recover') {
    return server.storeDigest() === before.store
      ? undefined
      : 'the store changed';
  }

  return exitCode === 0 || server.storeDigest() === before.store
    ? undefined
    : judgeHalf(server);
}

/** A recover that could not go back either says so in its journal, and the next one completes it. */
async function judgeHalf(server) {
  const told = await run('status', ['--server-dir', server.serverDir]);
  if (!/was interrupted|is at work/.test(told.output)) {
    return 'the store changed and nothing knows of it';
  }

  for (const directory of [server.serverDir, server.storeDir]) {
    dropOwnLocks(directory);
  }

  const again = await run('recover', [
    server.backupDir,
    '--server-dir',
    server.serverDir,
    '--yes',
  ]);

  return again.exitCode === 0
    ? undefined
    : `cannot be completed: ${again.output}`;
}

/** A lock that could not be removed is that of a process which still lives: this one. */
function dropOwnLocks(directory) {
  for (const name of readdirSync(directory)) {
    if (name.endsWith('.lock')) {
      rmSync(join(directory, name), { recursive: true, force: true });
    }
  }
}
