// Every tool's archive of the whole store, that the jobs after `full` start from. Made once a run, outside all measuring.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from '../argv.mjs';
import { emptyDirectory, replaceByCopy } from './directories.mjs';
import { kms } from './kms.mjs';
import { borgEnvironment, resticEnvironment, SOURCES } from './peers.mjs';

/** Makes the archives, and returns a function that gives the path of one: `base('restic')`. */
export async function makeBases({ store, work, tools, run }) {
  const base = (name) => join(work, 'base', name);
  const { serverDir } = store;

  emptyDirectory(join(work, 'base'));
  mkdirSync(base('kms'));
  await run(
    kms`backup full --server-dir ${serverDir} --backup-dir ${base('kms')} --json`,
  );

  if (tools.has('zip')) {
    const command = argv`zip -q -r -6 ${base('zip')}.zip ${SOURCES}`;
    await run({ command, cwd: serverDir });
  }

  if (tools.has('restic')) await makeRestic({ base, work, run, serverDir });
  if (tools.has('borg')) await makeBorg({ base, work, run, serverDir });
  if (tools.has('rsync')) replaceByCopy(base('mirror'), serverDir);

  return base;
}

async function makeRestic({ base, work, run, serverDir }) {
  const env = resticEnvironment(work);
  const restic = argv`restic -q -r ${base('restic')}`;

  await run({ command: argv`${restic} init`, env });
  await run({
    command: argv`${restic} backup ${SOURCES}`,
    cwd: serverDir,
    env,
  });
}

async function makeBorg({ base, work, run, serverDir }) {
  const env = borgEnvironment(work);
  const repository = base('borg');

  rmSync(env.BORG_BASE_DIR, { recursive: true, force: true });
  await run({ command: argv`borg init -e none ${repository}`, env });
  await run({
    command: argv`borg create ${repository}::full ${SOURCES}`,
    cwd: serverDir,
    env,
  });

  cpSync(repository, base('borg.kept'), { recursive: true });
  cpSync(env.BORG_BASE_DIR, base('borg-base.kept'), { recursive: true });
}

/** Puts borg's repository back. Borg knows a repository by its path and its security directory, so both are replaced. */
export function restoreBorg(work, base) {
  const { BORG_BASE_DIR } = borgEnvironment(work);

  replaceByCopy(base('borg'), base('borg.kept'));
  replaceByCopy(BORG_BASE_DIR, base('borg-base.kept'));
}
