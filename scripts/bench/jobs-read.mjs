// Verify, recover and list: what is read back.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import { BORG, RESTIC } from './jobs-backup.mjs';
import { kms } from './kms.mjs';
import { ONE_FOLDER } from './stores.mjs';

const only = (tools, list) =>
  list.filter(({ tool }) => tool === undefined || tools.has(tool));
const firstArchive = (dir) =>
  join(
    dir,
    readdirSync(dir).find((name) => /^[FC]\d{8}T\d{6}Z\.zip$/.test(name)) ??
      'no archive',
  );
const allVolumes = (dir) =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.zip'))
    .map((name) => join(dir, name));
/** One call for each volume, as an administrator would loop over them. */
const forEachVolume = (dir, ...command) => [
  'sh',
  '-c',
  'cmd=$1; shift; for v; do eval "$cmd" || exit 1; done',
  'sh',
  ...command,
  ...allVolumes(dir),
];

export function verifyJob({ store, work, tools, base }) {
  return only(tools, [
    kms('verify', base('kms'), '--server-dir', store.serverDir, '--json'),
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
      command: ['restic', '-q', '-r', base('restic'), 'check', '--read-data'],
      env: RESTIC(work),
    },
    {
      name: 'borg check',
      tool: 'borg',
      command: ['borg', 'check', '--verify-data', base('borg')],
      env: BORG(work),
    },
  ]);
}

let aside = 0;

/**
 * An empty directory. What was there is moved away, not removed: for five minutes ext4 goes past every inode that was
 * freed, one by one, whenever it makes a file nearby, which makes a file ten times as dear for whoever comes next.
 */
function startAnew(work, dir) {
  mkdirSync(join(work, 'aside'), { recursive: true });
  if (existsSync(dir)) renameSync(dir, join(work, 'aside', String(aside++)));
  mkdirSync(dir, { recursive: true });
}

/** Every tool recovers into an empty directory on the same file system. */
export function recoverJob({ store, work, tools, base }) {
  const target = (name) => join(work, 'recovered', name);
  const empty = (name) => () => startAnew(work, target(name));

  return only(tools, [
    { ...ourRecover(store, work, base), before: prepareServer(store, work) },
    {
      name: 'unzip',
      tool: 'unzip',
      command: forEachVolume(
        base('kms'),
        `unzip -qo "$v" -d '${target('unzip')}'`,
      ),
      before: empty('unzip'),
    },
    {
      name: '7zz x',
      tool: '7zz',
      command: forEachVolume(
        base('kms'),
        `7zz x -bd -bso0 -y '-o${target('7zz')}' "$v"`,
      ),
      before: empty('7zz'),
    },
    {
      name: 'bsdtar -x',
      tool: 'bsdtar',
      command: forEachVolume(
        base('kms'),
        `bsdtar -x -C '${target('bsdtar')}' -f "$v"`,
      ),
      before: empty('bsdtar'),
    },
    {
      name: 'restic restore',
      tool: 'restic',
      command: [
        'restic',
        '-q',
        '-r',
        base('restic'),
        'restore',
        'latest',
        '--target',
        target('restic'),
      ],
      env: RESTIC(work),
      before: empty('restic'),
    },
    {
      name: 'borg extract',
      tool: 'borg',
      command: ['borg', 'extract', `${base('borg')}::full`],
      cwd: target('borg'),
      env: BORG(work),
      before: empty('borg'),
    },
  ]);
}

const serverOf = (work) => join(work, 'recovered', 'kms');

/** A server whose store is gone: its configuration files, and nothing else. */
function prepareServer(store, work) {
  return () => {
    const dir = serverOf(work);
    startAnew(work, dir);
    mkdirSync(join(dir, 'store'));
    for (const name of ['mailserver.cfg', 'users.cfg']) {
      cpSync(join(store.serverDir, name), join(dir, name));
    }
  };
}

function ourRecover(store, work, base, ...flags) {
  const dir = serverOf(work);
  const places = ['--server-dir', dir, '-s', join(dir, 'store'), '-c', dir];

  return kms(
    'recover',
    firstArchive(base('kms')),
    ...places,
    '--yes',
    '--json',
    ...flags,
  );
}

/** One folder of about 200 messages out of everything. */
export function folderJob({ store, work, tools, base }) {
  const { domain, user, folder } = ONE_FOLDER;
  const inside = `store/mail/${domain}/${user}/${folder}`;
  const target = (name) => join(work, 'recovered', name);
  const empty = (name) => () => startAnew(work, target(name));
  const select = ['-d', domain, '-u', user, '-f', folder];
  const archive = firstArchive(base('kms'));
  const volumes = `for v in '${base('kms')}'/*.zip; do`;

  return only(tools, [
    {
      ...ourRecover(store, work, base, ...select),
      before: prepareServer(store, work),
    },
    {
      ...kms(
        'recover',
        archive,
        '-l',
        ...select,
        '--server-dir',
        store.serverDir,
        '--json',
      ),
      name: 'kms-backup -l',
    },
    {
      name: 'unzip',
      tool: 'unzip',
      command: [
        'sh',
        '-c',
        `${volumes} unzip -qo "$v" '@backup/${inside}/*' -d '${target('unzip')}'; done; true`,
      ],
      before: empty('unzip'),
    },
    {
      name: 'restic restore',
      tool: 'restic',
      command: [
        'restic',
        '-q',
        '-r',
        base('restic'),
        'restore',
        'latest',
        '--target',
        target('restic'),
        '--include',
        `/${inside}`,
      ],
      env: RESTIC(work),
      before: empty('restic'),
    },
    {
      name: 'borg extract',
      tool: 'borg',
      command: ['borg', 'extract', `${base('borg')}::full`, inside],
      cwd: target('borg'),
      env: BORG(work),
      before: empty('borg'),
    },
  ]);
}

/** Names only, no data. */
export function listJob({ store, work, tools, base }) {
  return only(tools, [
    kms(
      'list-archives',
      base('kms'),
      '--server-dir',
      store.serverDir,
      '--json',
    ),
    {
      ...kms(
        'recover',
        firstArchive(base('kms')),
        '-l',
        '--server-dir',
        store.serverDir,
        '--json',
      ),
      name: 'kms-backup -l',
    },
    {
      name: 'unzip -Z1',
      tool: 'unzip',
      command: forEachVolume(base('kms'), 'unzip -Z1 "$v"'),
    },
    {
      name: '7zz l',
      tool: '7zz',
      command: forEachVolume(base('kms'), '7zz l -bd "$v"'),
    },
    {
      name: 'restic ls',
      tool: 'restic',
      command: ['restic', '-q', '-r', base('restic'), 'ls', 'latest'],
      env: RESTIC(work),
    },
    {
      name: 'borg list',
      tool: 'borg',
      command: ['borg', 'list', `${base('borg')}::full`],
      env: BORG(work),
    },
  ]);
}

/** The archive of a million entries in `dir`. */
export function millionJob({ store, tools, dir }) {
  return only(tools, [
    kms('list-archives', dir, '--server-dir', store.serverDir, '--json'),
    {
      ...kms(
        'recover',
        firstArchive(dir),
        '-l',
        '--server-dir',
        store.serverDir,
        '--json',
      ),
      name: 'kms-backup -l',
    },
    {
      name: 'unzip -Z1',
      tool: 'unzip',
      command: forEachVolume(dir, 'unzip -Z1 "$v"'),
    },
    {
      name: '7zz l',
      tool: '7zz',
      command: forEachVolume(dir, '7zz l -bd "$v"'),
    },
  ]);
}

export function startJob({ store }) {
  return [
    kms('--version'),
    { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
    {
      ...kms('schedule', 'list', '--server-dir', store.serverDir, '--json'),
      name: 'kms-backup schedule list',
    },
  ];
}
