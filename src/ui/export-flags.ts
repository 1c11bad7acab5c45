import { Flags } from '@oclif/core';
import type { ExportFormat } from '../export/export-messages.js';
import { identityFlags, withEnvironmentOf } from './flags.js';
import { scopeFlags } from './scope-flags.js';
import { searchFlags } from './search-flags.js';

/** By their names, so that the compiler misses none. */
const FORMATS: Readonly<Record<ExportFormat, true>> = {
  zip: true,
  tar: true,
  'tar.gz': true,
  mbox: true,
  maildir: true,
};

/** The flags for the mail and the output of an export. */
export const exportFlags = withEnvironmentOf('export', {
  ...scopeFlags,
  ...searchFlags,
  format: Flags.string({
    options: Object.keys(FORMATS),
    default: 'zip',
    summary: 'What to write.',
  }),
  output: Flags.string({
    char: 'o',
    helpValue: 'FILE|-',
    required: true,
    summary: 'Where to; - is standard output.',
  }),
  interactive: Flags.boolean({
    char: 'i',
    summary:
      'Choose archive, user, folder and messages from lists, which / filters; what the store lacks is marked.',
  }),
  salvage: Flags.boolean({
    summary:
      'Take all that can be read of a damaged archive; name what is missing.',
  }),
  ...identityFlags,
  overwrite: Flags.boolean({ summary: 'Replace the file if it exists.' }),
});
