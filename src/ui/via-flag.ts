import { Flags } from '@oclif/core';
import type { AdminContext } from '../jobs/admin-calls.js';
import { withEnvironment } from './flags.js';

/** The flag of every command that can also ask the server that runs. */
export const viaFlags = withEnvironment({
  via: Flags.string({
    options: ['file', 'api'],
    default: 'file',
    summary:
      'Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later).',
  }),
});

/** What a login at the administration needs of whoever calls. */
export function adminContext(signal: AbortSignal): AdminContext {
  return { env: process.env, signal, askPassword };
}

async function askPassword(whose: string): Promise<string> {
  const { openPrompts } = await import('./prompts.js');
  const instead =
    'Put the password into KMS_BACKUP_API_PASSWORD, or name a file with password-file in [api].';

  return openPrompts(instead).password(`Password of ${whose}:`);
}
