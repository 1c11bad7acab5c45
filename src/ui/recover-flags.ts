import { Flags } from '@oclif/core';
import { restartFlag } from './restart-command.js';
import { identityFlags, threadsFlag, withEnvironmentOf } from './flags.js';

/** kmsrecover's options and ours. */
export const recoverFlags = {
  ...withEnvironmentOf('recover', {
    domain: Flags.string({
      char: 'd',
      helpValue: 'DOMAIN',
      summary: 'Only this domain.',
    }),
    user: Flags.string({
      char: 'u',
      helpValue: 'USER',
      summary: 'Only this user: alice, or alice@example.com.',
    }),
    folder: Flags.string({
      char: 'f',
      helpValue: 'FOLDER',
      summary:
        'Only this folder of the user, with those below it: INBOX, "Gesendete Objekte/Ärzte".',
    }),
    subfolders: Flags.boolean({
      allowNo: true,
      default: true,
      summary: 'With the folders below --folder; on unless --no-subfolders.',
    }),
    message: Flags.string({
      multiple: true,
      helpValue: 'NAME',
      summary:
        'Only this message, as search prints it: example.com/alice/INBOX/0000000a. Repeatable.',
    }),
    additive: Flags.boolean({
      summary: 'Add to the live mailbox under free names; overwrite nothing.',
    }),
    reindex: Flags.boolean({
      dependsOn: ['additive'],
      summary:
        'Set the index of folders that get mail aside: a server before 7.3 shows added mail only then, and their messages are unread.',
    }),
    imap: Flags.string({
      helpValue: 'HOST[:PORT]',
      summary:
        'Put messages back into the account on a mail server that runs, by IMAP.',
    }),
    into: Flags.string({
      dependsOn: ['imap'],
      helpValue: 'FOLDER',
      summary:
        'The folder that they go into. Default: Recovered and the day of the archive.',
    }),
    'to-user': Flags.string({
      dependsOn: ['imap'],
      helpValue: 'USER',
      summary: 'The account. Default: the address of the archive.',
    }),
    'auth-as': Flags.string({
      dependsOn: ['imap'],
      helpValue: 'USER',
      summary: 'Log in as this user, who may act for others.',
    }),
    'master-auth': Flags.boolean({
      dependsOn: ['imap'],
      summary: 'Log in by the master password of Kerio Connect.',
    }),
    'imap-password-file': Flags.string({
      dependsOn: ['imap'],
      helpValue: 'FILE',
      summary: 'Default: KMS_BACKUP_IMAP_PASSWORD, else it is asked for.',
    }),
    'imap-tls': Flags.string({
      options: ['auto', 'tls', 'starttls', 'none'],
      default: 'auto',
      summary:
        'The protection of the way: auto is tls on port 993, else starttls.',
    }),
    'ca-file': Flags.string({
      dependsOn: ['imap'],
      helpValue: 'FILE',
      summary: 'Certificates that are believed beside the usual ones.',
    }),
    fingerprint: Flags.string({
      dependsOn: ['imap'],
      helpValue: 'SHA256',
      summary: 'Believe the certificate with this fingerprint, and no other.',
    }),
    store: Flags.string({
      char: 's',
      helpValue: 'DIR',
      summary:
        'Where mail, lists and the like go. Default: the store. Configuration is recovered only with --cfgdir or --mask then.',
    }),
    cfgdir: Flags.string({
      char: 'c',
      helpValue: 'DIR',
      summary: 'Where configuration, certificates and licence go.',
    }),
    'keep-paths': Flags.boolean({
      summary:
        "Leave the paths in the recovered mailserver.cfg as the archive's, also where they do not fit here.",
    }),
    mask: Flags.string({
      char: 'm',
      helpValue: 'LIST',
      summary: 'Only these parts, for example cfg,mail.',
    }),
    listing: Flags.boolean({
      char: 'l',
      summary: 'List what would be recovered, and recover nothing.',
    }),
    backup: Flags.boolean({
      char: 'b',
      summary: 'Keep the present data as NAME.BAK, also for --rollback.',
    }),
    'keep-old': Flags.boolean({
      allowNo: true,
      summary:
        'Keep the present data for --rollback, also where little space is left; on where the space is there, unless --no-keep-old.',
    }),
    'in-place': Flags.boolean({
      summary: 'Remove the present data first: needs less space, has no undo.',
    }),
    salvage: Flags.boolean({
      summary:
        'Take all that can be read of a damaged archive; name what is missing.',
    }),
    rollback: Flags.boolean({
      summary:
        'Restore the state before the last recover, and keep what came in since beside it; again: the one before it.',
    }),
    forget: Flags.boolean({
      summary: 'Remove what recovers keep for --rollback.',
    }),
    interactive: Flags.boolean({
      char: 'i',
      summary:
        'Choose archive, user, folder and messages from lists, which / filters; what the store lacks is marked.',
    }),
    noprogress: Flags.boolean({ char: 'g', summary: 'Show no progress.' }),
    ...identityFlags,
    threads: threadsFlag,
    'dry-run': Flags.boolean({ summary: 'Show the plan, and change nothing.' }),
    yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }),
    force: Flags.boolean({ summary: 'Although the mail server runs.' }),
  }),
  'restart-server': {
    ...restartFlag,
    exclusive: ['force', 'imap', 'forget'],
  },
};
