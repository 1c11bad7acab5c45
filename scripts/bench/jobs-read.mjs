// The jobs that read archives: verify, list, the listing of a million entries, and the start of the program.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from '../argv.mjs';
import { kms } from './kms.mjs';
import { borgEnvironment, installed, resticEnvironment } from './peers.mjs';

/** The job `verify`: every byte of an archive is read and checked. */
export function verifyJob({ store, work, tools, base }) {
  return installed(tools, [
    kms`verify ${base('kms')} --server-dir ${store.serverDir} --json`,
    {
      name: 'unzip -t',
      tool: 'unzip',
      command: forEachVolume(base('kms'), 'unzip -tqq "$v"'),
    },
    {
      name: '7zz t',
      tool: '7zz',
      command: forEachVolume(base('kms'), '7zz t -bd -bso0 "$v"'),
    },
    {
      name: 'restic check',
      tool: 'restic',
      command: argv`restic -q -r ${base('restic')} check --read-data`,
      env: resticEnvironment(work),
    },
    {
      name: 'borg check',
      tool: 'borg',
      command: argv`borg check --verify-data ${base('borg')}`,
      env: borgEnvironment(work),
    },
  ]);
}

/** The job `list`: only the names of an archive's entries are read. */
export function listJob({ store, work, tools, base }) {
  return installed(tools, [
    ...zipListings(base('kms'), store),
    {
      name: 'restic ls',
      tool: 'restic',
      command: argv`restic -q -r ${base('restic')} ls latest`,
      env: resticEnvironment(work),
    },
    {
      name: 'borg list',
      tool: 'borg',
      command: argv`borg list ${base('borg')}::full`,
      env: borgEnvironment(work),
    },
  ]);
}

/** The job `status`: the state of a server and of its archives on one screen. */
export function statusJob({ store, base }) {
  return [
    {
      ...kms`status --server-dir ${store.serverDir} --backup-dir ${base('kms')} --json`,
      // The schedule of this server may be missing, which is a warning.
      okCodes: [0, 1],
    },
  ];
}

/** The job `million`: the same for the archive of a million entries in `directory`. */
export function millionJob({ store, tools, directory }) {
  return installed(tools, zipListings(directory, store));
}

function zipListings(directory, { serverDir }) {
  return [
    kms`list-archives ${directory} --server-dir ${serverDir} --json`,
    {
      ...kms`recover ${firstArchive(directory)} -l --server-dir ${serverDir} --json`,
      name: 'kms-backup -l',
    },
    {
      name: 'unzip -Z1',
      tool: 'unzip',
      command: forEachVolume(directory, 'unzip -Z1 "$v"'),
    },
    {
      name: '7zz l',
      tool: '7zz',
      command: forEachVolume(directory, '7zz l -bd "$v"'),
    },
  ];
}

/** The job `start`: commands that do next to nothing. */
export function startJob({ store }) {
  return [
    kms`--version`,
    { name: 'node -e 0', command: argv`${process.execPath} -e 0` },
    {
      ...kms`schedule list --server-dir ${store.serverDir} --json`,
      name: 'kms-backup schedule list',
    },
  ];
}

/** Returns the path of the first volume of a directory's only archive. */
export function firstArchive(directory) {
  const name = readdirSync(directory).find((file) =>
    /^[FC]\d{8}T\d{6}Z\.zip$/.test(file),
  );

  return join(directory, name ?? 'no archive');
}

/** Runs a shell command once for each volume, `$v`, as an administrator would loop over them. */
export function forEachVolume(directory, command) {
  const loop = 'cmd=$1; shift; for v; do eval "$cmd" || exit 1; done';
  const volumes = readdirSync(directory)
    .filter((name) => name.endsWith('.zip'))
    .map((name) => join(directory, name));

  return ['sh', '-c', loop, 'sh', command, ...volumes];
}
