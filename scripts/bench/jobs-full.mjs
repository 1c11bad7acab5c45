// The job `full`: a full backup, with each tool's own defaults where the contestant's name shows no level.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { argv } from '../argv.mjs';
import { archiveBytes, emptyDirectory, treeBytes } from './directories.mjs';
import { kms } from './kms.mjs';
import {
  borgEnvironment,
  installed,
  resticEnvironment,
  SOURCES,
} from './peers.mjs';

const ARCHIVER = fileURLToPath(new URL('./archiver-peer.mjs', import.meta.url));

export function fullJob({ store, work, tools, run }) {
  const { serverDir } = store;
  const out = (name) => join(work, 'full', name);

  return installed(tools, [
    ...ourFulls(serverDir, out),
    ...zipFulls(serverDir, out),
    resticFull({ serverDir, work, run }, out('restic')),
    borgFull({ serverDir, work, run }, out('borg')),
  ]);
}

function ourFulls(serverDir, out) {
  const full = (name, flags) => ({
    ...kms`backup full --server-dir ${serverDir} --backup-dir ${out(name)} --json ${flags}`,
    ...archiveIn(out(name)),
    name,
  });

  return [
    full('kms-backup', []),
    full('kms-backup --no-verify', ['--no-verify']),
    full('kms-backup --threads 1', ['--threads', '1']),
  ];
}

function zipFulls(cwd, out) {
  const zipper = (name, command) => ({
    ...archiveIn(out(name)),
    name,
    tool: command[0],
    command: [...command, zipOf(name), ...SOURCES],
    cwd,
  });

  const zipOf = (name) => join(out(name), 'x.zip');

  return [
    zipper('zip -6', argv`zip -q -r -6`),
    zipper('zip -1', argv`zip -q -r -1`),
    zipper('7zz', argv`7zz a -bd -tzip`),
    zipper('7zz -mx1', argv`7zz a -bd -tzip -mx1`),
    zipper('bsdtar', argv`bsdtar -c --format zip -f`),
    {
      ...archiveIn(out('archiver')),
      name: 'archiver',
      command: argv`${process.execPath} ${ARCHIVER} ${cwd} ${zipOf('archiver')}`,
      cwd,
      isSlow: true,
    },
  ];
}

/** The steps of a contestant that writes archives into a directory of its own. */
function archiveIn(directory) {
  return {
    before: () => emptyDirectory(directory),
    diskBytes: () => archiveBytes(directory),
  };
}

function resticFull({ serverDir, work, run }, repository) {
  const env = resticEnvironment(work);

  return {
    name: 'restic',
    tool: 'restic',
    command: argv`restic -q -r ${repository} backup --force ${SOURCES}`,
    cwd: serverDir,
    env,
    before: async () => {
      emptyDirectory(repository);
      await run({ command: argv`restic -q -r ${repository} init`, env });
    },
    diskBytes: () => treeBytes(repository),
  };
}

function borgFull({ serverDir, work, run }, repository) {
  const env = borgEnvironment(work);

  return {
    name: 'borg',
    tool: 'borg',
    command: argv`borg create --files-cache disabled ${repository}::full ${SOURCES}`,
    cwd: serverDir,
    env,
    before: async () => {
      emptyDirectory(repository);
      await run({ command: argv`borg init -e none ${repository}`, env });
    },
    diskBytes: () => treeBytes(repository),
  };
}
