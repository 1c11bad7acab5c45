// The jobs `recover` and `folder`: everything, or one folder, is recovered into an empty directory of the same file system.
import { cpSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from '../argv.mjs';
import { firstArchive, forEachVolume } from './jobs-read.mjs';
import { kms } from './kms.mjs';
import { borgEnvironment, installed, resticEnvironment } from './peers.mjs';
import { ONE_FOLDER } from './stores.mjs';

export function recoverJob({ store, work, tools, base }) {
  const target = (name) => targetOf(work, name);
  const archives = base('kms');

  return installed(tools, [
    ourRecover({ store, work, base }, []),
    intoEmpty(work, {
      name: 'unzip',
      command: forEachVolume(
        archives,
        `unzip -qo "$v" -d '${target('unzip')}'`,
      ),
    }),
    intoEmpty(work, {
      name: '7zz x',
      command: forEachVolume(
        archives,
        `7zz x -bd -bso0 -y '-o${target('7zz')}' "$v"`,
      ),
    }),
    intoEmpty(work, {
      name: 'bsdtar -x',
      command: forEachVolume(
        archives,
        `bsdtar -x -C '${target('bsdtar')}' -f "$v"`,
      ),
    }),
    resticRestore(work, base, []),
    borgExtract(work, base, []),
  ]);
}

/** The job `folder`: one folder of about 200 messages. */
export function folderJob({ store, work, tools, base }) {
  const { domain, user, folder } = ONE_FOLDER;
  const inside = `store/mail/${domain}/${user}/${folder}`;
  const selection = ['-d', domain, '-u', user, '-f', folder];
  const loop = `for v in '${base('kms')}'/*.zip; do unzip -qo "$v" '@backup/${inside}/*' -d '${targetOf(work, 'unzip')}'; done; true`;

  return installed(tools, [
    ourRecover({ store, work, base }, selection),
    {
      ...kms`recover ${firstArchive(base('kms'))} -l ${selection} --server-dir ${store.serverDir} --json`,
      name: 'kms-backup -l',
    },
    intoEmpty(work, { name: 'unzip', command: ['sh', '-c', loop] }),
    resticRestore(work, base, ['--include', `/${inside}`]),
    borgExtract(work, base, [inside]),
  ]);
}

/** Recovers into a server that has its configuration files, and no store. */
function ourRecover({ store, work, base }, selection) {
  const dir = targetOf(work, 'kms');
  const archive = firstArchive(base('kms'));
  const places = ['--server-dir', dir, '-s', join(dir, 'store'), '-c', dir];

  return {
    ...kms`recover ${archive} ${places} --yes --json ${selection}`,
    before: () => {
      startAnew(work, dir);
      mkdirSync(join(dir, 'store'));
      for (const name of ['mailserver.cfg', 'users.cfg']) {
        cpSync(join(store.serverDir, name), join(dir, name));
      }
    },
  };
}

function resticRestore(work, base, selection) {
  const target = targetOf(work, 'restic');

  return intoEmpty(work, {
    name: 'restic restore',
    command: argv`restic -q -r ${base('restic')} restore latest --target ${target} ${selection}`,
    env: resticEnvironment(work),
  });
}

function borgExtract(work, base, selection) {
  return intoEmpty(work, {
    name: 'borg extract',
    command: argv`borg extract ${base('borg')}::full ${selection}`,
    cwd: targetOf(work, 'borg'),
    env: borgEnvironment(work),
  });
}

/** A contestant of another tool, named for it first, that starts with an empty target. */
function intoEmpty(work, contestant) {
  const [tool] = contestant.name.split(' ');

  return {
    ...contestant,
    tool,
    before: () => startAnew(work, targetOf(work, tool)),
  };
}

function targetOf(work, tool) {
  return join(work, 'recovered', tool);
}

/**
 * Makes an empty directory. A directory that is there is moved away, not removed: for five minutes after a removal, ext4
 * passes every freed inode one by one whenever it makes a file nearby, so that the next contestant would be ten times
 * as slow.
 */
function startAnew(work, directory) {
  const aside = join(work, 'aside');

  mkdirSync(aside, { recursive: true });
  if (existsSync(directory)) renameSync(directory, unusedName(aside));
  mkdirSync(directory, { recursive: true });
}

function unusedName(directory) {
  let number = 0;
  while (existsSync(join(directory, String(number)))) number++;

  return join(directory, String(number));
}
