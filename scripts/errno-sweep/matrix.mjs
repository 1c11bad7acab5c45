// What is combined with what.
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

export const CALLS = [
  ...[
    'open',
    'read',
    'write',
    'fsync',
    'syncdir',
    'rename',
    'link',
    'unlink',
    'readdir',
    'stat',
    'access',
  ],
  ...['ftruncate', 'utimes', 'mkdir', 'chmod', 'chown'],
];

/** Which disk refuses. */
export const sidesOf = ({ backupDir, storeDir, serverDir, outDir }) => ({
  backup: backupDir,
  store: storeDir,
  server: serverDir,
  out: outDir,
});

/** Each command with its arguments and the exit codes that it may end with besides 0, 1, 2 and 14. */
export function commandsOf({ serverDir, backupDir, outDir }) {
  const at = ['--server-dir', serverDir];
  const to = [...at, '--backup-dir', backupDir];

  return [
    { id: 'backup:full', argv: to, ends: [3, 10, 11] },
    { id: 'backup:diff', argv: to, ends: [3, 10, 11] },
    { id: 'backup:copy', argv: to, ends: [3, 10, 11] },
    { id: 'rotate', argv: [...to, '--keep', '1'], ends: [3, 10, 11] },
    { id: 'verify', argv: [backupDir, ...at], ends: [4, 10] },
    { id: 'recover', argv: [backupDir, ...at, '--yes'], ends: [4, 10, 11, 12] },
    {
      id: 'recover',
      argv: [backupDir, ...at, '-u', 'alice@example.com', '--yes'],
      ends: [4, 10, 11, 12],
    },
    {
      id: 'recover',
      argv: [
        backupDir,
        ...at,
        '-u',
        'alice@example.com',
        '--additive',
        '--yes',
      ],
      ends: [4, 10, 11, 12],
    },
    { id: 'list-archives', argv: [backupDir, ...at], ends: [10] },
    { id: 'status', argv: [...at], ends: [3, 10] },
    {
      id: 'search',
      argv: [backupDir, ...at, '--subject', '0'],
      ends: [3, 4, 10, 12],
    },
    {
      id: 'search',
      argv: [backupDir, ...at, '--subject', '0', '--deleted', '-s', outDir],
      ends: [3, 4, 10, 12],
    },
    {
      id: 'export',
      argv: [backupDir, ...at, '--output', `${outDir}/all.zip`],
      ends: [3, 4, 10, 12],
    },
    {
      id: 'export',
      argv: [
        backupDir,
        ...at,
        '--format',
        'maildir',
        '--output',
        `${outDir}/all`,
      ],
      ends: [3, 4, 10, 12],
    },
    {
      id: 'config:set',
      argv: [...at, 'keep=5', 'network-disk-user=x'],
      ends: [10, 11],
    },
    { id: 'config:show', argv: at, ends: [10] },
    {
      id: 'schedule:add',
      argv: [...at, '--type', 'full', '--day', 'sun', '--time', '01:00'],
      ends: [10, 11],
    },
    { id: 'schedule:list', argv: at, ends: [10] },
    { id: 'log:enable:store-backup', argv: at, ends: [10, 11] },
    { id: 'log:disable:store-backup', argv: at, ends: [10, 11] },
    {
      id: 'schedule:edit',
      argv: ['1', ...at, '--time', '02:00'],
      ends: [10, 11],
    },
    { id: 'schedule:rm', argv: ['1', ...at], ends: [10, 11] },
    { id: 'schedule:reset', argv: at, ends: [10, 11] },
    {
      id: 'schedule:export',
      argv: [...at, '--to', 'cron', '--even-if-disabled'],
      ends: [10],
    },
    {
      id: 'schedule:run',
      argv: [...at, '--even-if-disabled'],
      ends: [3, 10, 11],
    },
    {
      id: 'recover',
      argv: [backupDir, ...at, '--mask', 'cfg', '--yes'],
      ends: [4, 10, 11, 12],
    },
    {
      id: 'recover',
      argv: [backupDir, ...at, '-b', '--yes'],
      ends: [4, 10, 11, 12],
    },
    {
      id: 'recover',
      argv: [backupDir, ...at, '--keep-old', '--yes'],
      ends: [4, 10, 11, 12],
    },
    {
      id: 'status',
      argv: [...at, '--html', `${outDir}/status.html`],
      ends: [3, 10],
    },
    { id: 'doctor', argv: at, ends: [10] },
  ];
}
