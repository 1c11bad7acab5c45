// Judges the end of a command: its words, and the state of the archives and of the store.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from '../argv.mjs';
import { run } from './run.mjs';

/** Returns the fault of a command's end in words, or undefined. */
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

  // A command that shows a state says by its exit code that the state is bad, and gives no code for scripts.
  return exitCode === 4 || /^(?:problem|failed|warning|ok)/m.test(output)
    ? undefined
    : 'no Code:';
}

async function judgeDisk(server, { id }, exitCode, before) {
  const fault = await judgeArchives(server, { id }, exitCode, before);
  if (fault !== undefined) return fault;
  if (!server.holds(before.lateMail)) return 'mail that came in is lost';
  if (server.storeDigest() === before.store) return undefined;
  if (id !== 'recover') return 'the store changed';

  return exitCode === 0 ? undefined : judgeInterrupted(server);
}

async function judgeArchives(server, { id }, exitCode, before) {
  const archives = server.archives();
  const mayRemove = id === 'rotate' || exitCode === 0 || exitCode === 3;
  const isGone = before.archives.some((name) => !archives.includes(name));
  if (isGone && !mayRemove) return 'an archive is gone';
  if (archives.length === 0) return 'all archives are gone';
  if (archives.every((name) => before.archives.includes(name))) {
    return undefined;
  }

  const { serverDir, backupDir } = server;
  const { exitCode: end, output } = await run(
    'verify',
    argv`${backupDir} --server-dir ${serverDir}`,
  );

  return end === 0 ? undefined : `does not verify: ${output}`;
}

/** A recover that could neither finish nor go back must say so in its journal, and the next recover must complete it. */
async function judgeInterrupted(server) {
  const { serverDir, storeDir, backupDir } = server;
  const at = ['--server-dir', serverDir];

  const status = await run('status', at);
  if (!/was interrupted|is at work/.test(status.output)) {
    return 'the store changed and nothing knows of it';
  }

  for (const directory of [serverDir, storeDir]) removeLocks(directory);

  const next = await run('recover', argv`${backupDir} ${at} --yes`);

  return next.exitCode === 0
    ? undefined
    : `cannot be completed: ${next.output}`;
}

/** Removes locks that the command could not release: their process, which is this one, still lives. */
function removeLocks(directory) {
  for (const name of readdirSync(directory)) {
    if (name.endsWith('.lock')) {
      rmSync(join(directory, name), { recursive: true, force: true });
    }
  }
}
