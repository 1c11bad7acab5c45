// The cases of the sweep: errors of the operating system, calls that end with them, the disks they happen on, and commands.
import { argv } from '../argv.mjs';

/** Names and numbers of errors, as Linux numbers them. */
export const ERRNOS = {
  EPERM: 1,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ELOOP: 40,
  EOPNOTSUPP: 95,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  EHOSTDOWN: 112,
  ESTALE: 116,
  EUCLEAN: 117,
  EDQUOT: 122,
};

/** Calls as test/helpers/refuse-calls.c names them. */
export const CALLS = [
  ...argv`open read write fsync syncdir rename link unlink readdir stat access`,
  ...argv`ftruncate utimes mkdir chmod chown`,
];

/** Directories on whose disk the calls fail, by the name in the table. */
export const sidesOf = ({ backupDir, storeDir, serverDir, outDir }) => ({
  backup: backupDir,
  store: storeDir,
  server: serverDir,
  out: outDir,
});

/** Exit codes of each kind of command besides 0, 1, 2 and 14, with which every command may end. */
const ENDS = {
  backup: [3, 10, 11],
  recover: [4, 10, 11, 12],
  salvage: [3, 4, 10, 11, 12],
  mail: [3, 4, 10, 12],
  change: [10, 11],
  show: [10],
  status: [3, 10],
  verify: [4, 10],
};

/**
 * Returns each command with its arguments and the further exit codes that it may end with, and the way to prepare
 * its server: `{ id, argv, ends, prepare }`.
 */
export function commandsOf({ serverDir, backupDir, outDir }) {
  const at = ['--server-dir', serverDir];

  return [
    ...writers(at, backupDir),
    ...recovers(at, backupDir),
    ...mailReaders(at, backupDir, outDir),
    ...settings(at),
    ...reports(at, backupDir, outDir),
  ].map(([ends, [id, ...words], prepare = () => undefined]) => ({
    id,
    argv: words,
    ends,
    prepare,
  }));
}

function writers(at, backupDir) {
  const to = [...at, '--backup-dir', backupDir];

  return [
    [ENDS.backup, argv`backup:full ${to}`],
    [ENDS.backup, argv`backup:diff ${to}`],
    [ENDS.backup, argv`backup:copy ${to}`],
    [ENDS.backup, argv`schedule:run ${at} --even-if-disabled`],
    [ENDS.backup, argv`rotate ${to} --keep 1`],
  ];
}

function recovers(at, backupDir) {
  const from = [backupDir, ...at];
  const alice = ['-u', 'alice@example.com'];

  return [
    [ENDS.recover, argv`recover ${from} --yes`],
    [ENDS.recover, argv`recover ${from} ${alice} --yes`],
    [ENDS.recover, argv`recover ${from} ${alice} --additive --yes`],
    [ENDS.recover, argv`recover ${from} --mask cfg --yes`],
    [ENDS.recover, argv`recover ${from} -b --yes`],
    [ENDS.recover, argv`recover ${from} --keep-old --yes`],
    [ENDS.recover, argv`recover ${from} --no-keep-old --yes`],
    [ENDS.recover, argv`recover ${from} --keep-paths --yes`],
    [ENDS.recover, argv`recover ${from} --in-place --yes`],
    [ENDS.salvage, argv`recover ${from} --salvage --yes`],
    [ENDS.recover, argv`recover --rollback ${at} --yes`, prepareRollback],
    [ENDS.recover, argv`recover --forget ${at} --yes`, prepareRollback],
  ];
}

/** A recover whose state is kept, and mail that came in since, which stays, live or kept. */
async function prepareRollback(server) {
  await server.recover();
  server.addMail('bob', 1);

  return 'bob/INBOX/#msgs/00000003.eml';
}

function mailReaders(at, backupDir, outDir) {
  const from = [backupDir, ...at];
  const search = argv`search ${from} --subject 0`;

  return [
    [ENDS.mail, search],
    [ENDS.mail, argv`${search} --deleted -s ${outDir}`],
    [ENDS.mail, argv`export ${from} --output ${outDir}/all.zip`],
    [ENDS.mail, argv`export ${from} --format maildir --output ${outDir}/all`],
  ];
}

function settings(at) {
  const weekly = argv`--type full --day sun --time 01:00`;

  return [
    [ENDS.change, argv`config:set ${at} keep=5 network-disk-user=x`],
    [ENDS.show, argv`config:show ${at}`],
    [ENDS.change, argv`schedule:add ${at} ${weekly}`],
    [ENDS.show, argv`schedule:list ${at}`],
    [ENDS.change, argv`schedule:edit 1 ${at} --time 02:00`],
    [ENDS.change, argv`schedule:rm 1 ${at}`],
    [ENDS.change, argv`schedule:reset ${at}`],
    [ENDS.show, argv`schedule:export ${at} --to cron --even-if-disabled`],
    [ENDS.change, argv`log:enable:store-backup ${at}`],
    [ENDS.change, argv`log:disable:store-backup ${at}`],
  ];
}

function reports(at, backupDir, outDir) {
  return [
    [ENDS.verify, argv`verify ${backupDir} ${at}`],
    [ENDS.show, argv`list-archives ${backupDir} ${at}`],
    [ENDS.status, argv`status ${at}`],
    [ENDS.status, argv`status ${at} --html ${outDir}/status.html`],
    [ENDS.show, argv`doctor ${at}`],
  ];
}
