/** A mail server's directory and a stand-in for its administration, which it believes by the certificate in sslcert. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ADMIN_PASSWORD,
  type AdminServer,
  startAdminServer,
} from './admin-server.js';
import { type Installation, buildInstallation } from './installation.js';
import { kmsInProcess } from './in-process.js';
import { removeTemporary, temporaryDirectory } from './store.js';
import type { Ended } from './tools.js';

export interface AskedServer extends Installation {
  readonly admin: AdminServer;
  /** Calls a command with `--via api`. */
  readonly ask: (...words: readonly string[]) => Promise<Ended>;
  readonly end: () => Promise<void>;
}

export async function startAskedServer(
  writeCopy?: (server: Installation) => Promise<Date>,
): Promise<AskedServer> {
  const dir = temporaryDirectory('asked');
  const server = buildInstallation(join(dir, 'mail server'));
  const admin = await startAdminServer({
    ...server,
    ...(writeCopy && { writeCopy: () => writeCopy(server) }),
  });
  mkdirSync(join(server.serverDir, 'sslcert'));
  writeFileSync(join(server.serverDir, 'sslcert', 'server.crt'), admin.certPem);
  appendFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    `[api]\nurl = ${admin.url}\n`,
  );
  process.env['KMS_BACKUP_API_PASSWORD'] = ADMIN_PASSWORD;

  return {
    ...server,
    admin,
    ask: (...words) =>
      kmsInProcess([
        ...words,
        '--server-dir',
        server.serverDir,
        '--via',
        'api',
      ]),
    end: async () => {
      Reflect.deleteProperty(process.env, 'KMS_BACKUP_API_PASSWORD');
      await admin.close();
      removeTemporary(dir);
    },
  };
}
