import { Args, Flags } from '@oclif/core';
import { withEnvironment } from './flags.js';

/** The target that a command is about. */
export const targetArg = Args.string({
  required: true,
  description: 'Its name.',
});

/** The settings of a target, each the key of its section. None is a secret. */
export const targetFlags = withEnvironment({
  endpoint: Flags.string({
    helpValue: 'URL',
    summary: "The server's address. Default: the environment's, else AWS.",
  }),
  region: Flags.string({ helpValue: 'NAME', summary: "The bucket's region." }),
  bucket: Flags.string({
    helpValue: 'NAME',
    summary: 'The bucket, where no address names it.',
  }),
  prefix: Flags.string({
    helpValue: 'TEXT',
    summary: 'What archives lie below in the bucket.',
  }),
  'path-style': Flags.boolean({
    allowNo: true,
    summary: 'The bucket is part of the path. Default with an endpoint.',
  }),
  profile: Flags.string({
    helpValue: 'NAME',
    summary: "A profile of the files of AWS's tools.",
  }),
  'credentials-file': Flags.string({
    helpValue: 'FILE',
    summary: 'Keys in the format of ~/.aws/credentials.',
  }),
  'credential-process': Flags.string({
    helpValue: 'COMMAND',
    summary: 'A program that prints keys as JSON.',
  }),
  'ca-file': Flags.string({
    helpValue: 'FILE',
    summary: 'Certificates that are believed beside the usual ones.',
  }),
  proxy: Flags.string({
    helpValue: 'URL',
    summary: 'Default: HTTPS_PROXY of the environment.',
  }),
  'storage-class': Flags.string({
    helpValue: 'NAME',
    summary: "The class of volumes. Default: the bucket's.",
  }),
  retention: Flags.string({
    helpValue: 'DURATION',
    summary: 'Lock archives for so long, for example 30d.',
  }),
  'retention-mode': Flags.string({
    options: ['governance', 'compliance'],
    summary: 'Some may lift the lock, or nobody.',
  }),
  recipients: Flags.string({
    helpValue: 'LIST',
    summary: 'age recipients that archives are sealed for.',
  }),
  'passphrase-file': Flags.string({
    helpValue: 'FILE',
    summary: 'Seals archives with the passphrase in it, and opens them.',
  }),
  'identity-file': Flags.string({
    helpValue: 'FILE',
    summary: 'Opens sealed archives.',
  }),
  'index-cache': Flags.boolean({
    allowNo: true,
    summary: 'Keep the index of what is sealed, for differentials.',
  }),
  'upload-limit': Flags.string({
    helpValue: 'SIZE',
    summary: 'The most bytes a second, for example 5MB.',
  }),
  spool: Flags.string({
    helpValue: 'DIR',
    summary: 'Where this machine keeps what belongs to the target.',
  }),
});

export const dryRunFlag = Flags.boolean({
  default: false,
  summary: 'Say what would change, and write nothing.',
});
