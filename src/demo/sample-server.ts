import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleConfig } from './sample-config.js';
import { buildSampleStore } from './sample-store.js';

/** The directories of a sample mail server, and its content. */
export interface SampleServer {
  /** The install directory, with mailserver.cfg. */
  readonly serverDir: string;
  readonly storeDir: string;
  /** Beside the install directory, as if on another disk. */
  readonly backupDir: string;
  readonly domains: number;
  readonly users: number;
  readonly messages: number;
  readonly sizeBytes: number;
}

/**
 * Builds a mail server of a few hundred messages in `directory`: two domains, five users (one disabled), nested folders
 * with names in modified UTF-7, attachments, public folders, a mailing list, certificate and licence. The content is the
 * same each time; only the paths in mailserver.cfg follow `directory`.
 * @throws {Error} the operating system's, where `directory` cannot be written
 */
export function buildSampleServer(directory: string): SampleServer {
  const serverDir = join(directory, 'mailserver');
  const storeDir = join(serverDir, 'store');
  const backupDir = join(directory, 'backup');

  mkdirSync(backupDir, { recursive: true });

  const counts = buildSampleStore(storeDir);
  const { mailserver, users } = sampleConfig(storeDir, backupDir);

  const files = {
    'mailserver.cfg': mailserver,
    'users.cfg': users,
    'sslcert/server.crt':
      '-----BEGIN CERTIFICATE-----\nc2FtcGxlIG9ubHk=\n-----END CERTIFICATE-----\n',
    'sslcert/server.key':
      '-----BEGIN PRIVATE KEY-----\nc2FtcGxlIG9ubHk=\n-----END PRIVATE KEY-----\n',
    'license/license.key': 'sample licence\n',
    'settings/webmail.cfg': 'theme = sample\n',
  };

  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(serverDir, path, '..'), { recursive: true });
    writeFileSync(join(serverDir, path), text, { mode: 0o600 });
  }

  return { serverDir, storeDir, backupDir, domains: 2, users: 5, ...counts };
}
