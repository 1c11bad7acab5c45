import { Flags } from '@oclif/core';
import {
  includeArchiveFlag,
  lockWaitFlag,
  newTargetFlag,
  sizeFlag,
  threadsFlag,
  untilFlag,
  withEnvironment,
} from './flags.js';

/** The flag of `backup full` and `backup copy` alone. */
export const reuseFlag = withEnvironment({
  reuse: Flags.boolean({
    allowNo: true,
    summary:
      'Copy what is unchanged out of the newest full and its differential; --no-reuse reads everything.',
  }),
});

/** The flags of `backup copy` alone. */
export const pinFlags = withEnvironment({
  pin: Flags.boolean({
    summary: 'No rotation removes the copy; a reason may follow.',
  }),
  until: { ...untilFlag, dependsOn: ['pin'] },
});

/** The flags of `backup full`, `backup diff` and `backup copy`. */
export const backupFlags = withEnvironment({
  'backup-dir': Flags.string({
    helpValue: 'DIR',
    summary: "Where archives go. Default: the server's backup directory.",
  }),
  'new-target': newTargetFlag,
  'volume-size': sizeFlag({
    summary:
      "The size of one zip file, at most 2GiB. Default: the server's setting.",
  }),
  oversize: Flags.string({
    options: ['skip', 'split'],
    summary:
      'Files that no volume can hold are named and left out (skip, the default) or kept in parts (split).',
  }),
  mask: Flags.string({
    helpValue: 'LIST',
    summary: 'Only these parts, for example cfg,mail.',
  }),
  'include-archive': includeArchiveFlag,
  level: Flags.integer({
    min: 1,
    max: 9,
    helpValue: 'N',
    summary: 'Compression, 1 (fast) to 9 (small). Default: 6.',
  }),
  threads: threadsFlag,
  'dry-run': Flags.boolean({
    summary: 'Say what would be backed up, and write nothing.',
  }),
  verify: Flags.boolean({
    default: true,
    allowNo: true,
    summary:
      'Read every written byte back before publishing; on unless --no-verify.',
  }),
  rotate: Flags.boolean({
    default: true,
    allowNo: true,
    summary:
      'Remove archives over the limit afterwards; on unless --no-rotate.',
  }),
  'lock-wait': lockWaitFlag,
  'min-free': sizeFlag({
    summary:
      "So much stays free beside the archive. Default: the server's soft limit, where the store is on that disk.",
  }),
  notify: Flags.string({
    options: ['always', 'problems', 'never'],
    summary:
      'When a mail tells about the run. Default: always, if there is an address.',
  }),
  'mass-loss-user': Flags.integer({
    min: 1,
    max: 100,
    helpValue: 'PERCENT',
    summary:
      "Warn when a user's mailbox lost this share of its messages. Default: 50.",
  }),
  'mass-loss-all': Flags.integer({
    min: 1,
    max: 100,
    helpValue: 'PERCENT',
    summary: 'Warn when all mail together lost this share. Default: 20.',
  }),
});
