import { Flags } from '@oclif/core';

/** The flags that name a part of the mail. */
export const scopeFlags = {
  domain: Flags.string({
    char: 'd',
    helpValue: 'DOMAIN',
    summary: 'Only this domain.',
  }),
  user: Flags.string({
    char: 'u',
    helpValue: 'USER',
    summary: 'Only this user.',
  }),
  folder: Flags.string({
    char: 'f',
    helpValue: 'FOLDER',
    summary: 'Only this folder: INBOX, "Gesendete Objekte/Ärzte".',
  }),
  subfolders: Flags.boolean({
    allowNo: true,
    default: true,
    summary: 'With the folders below --folder; on unless --no-subfolders.',
  }),
};
