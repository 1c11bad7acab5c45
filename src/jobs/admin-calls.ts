/** The way to the administration of a mail server that runs, of kms-backup.ini and the installation. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { AdminServer } from '../admin-api/address.js';
import { openAdminSession } from '../admin-api/session.js';
import { ConfigurationError } from '../errors.js';
import { describeHttpsAddress } from '../platform/https-address.js';
import { readSecret } from '../platform/secret.js';
import { readAdminPort } from '../server/admin-port.js';
import type { Installation } from '../server/installation.js';
import type { AdminCalls } from '../server/running/calls.js';
import { readIniFile } from '../settings/ini-file.js';

/** The variable that the password is taken from. */
const PASSWORD_VARIABLE = 'KMS_BACKUP_API_PASSWORD';
/** The administrator that a server is installed with. */
const USUAL_USER = 'Admin';

/** What a login is made of beside settings. */
export interface AdminContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** @throws {UsageError} where there is no terminal to ask on */
  readonly askPassword: (whose: string) => Promise<string>;
}

/**
 * Logs in, works, and takes its leave whatever happens.
 * @throws {LoginRefusedError} · {UntrustedServerError} · {ConfigurationError}
 */
export async function withAdminCalls<Result>(
  installation: Installation,
  context: AdminContext,
  work: (calls: AdminCalls) => Promise<Result>,
): Promise<Result> {
  const server = await toAdminServer(installation, context);
  const session = await openAdminSession(server, context.signal);

  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

async function toAdminServer(
  installation: Installation,
  { env, askPassword }: AdminContext,
): Promise<AdminServer> {
  const { api } = readIniFile(installation.dir);
  const { fingerprint, user = USUAL_USER } = api;
  // The server runs on this machine, unless somebody says otherwise.
  const address = api.url ?? {
    host: '127.0.0.1',
    port: readAdminPort(installation),
  };

  const password =
    readSecret({
      what: 'the login at the administration',
      variable: PASSWORD_VARIABLE,
      file: api.passwordFile,
      env,
    }) ?? (await askPassword(`${user} at ${describeHttpsAddress(address)}`));

  if (password === '') throw new ConfigurationError('the password is empty');

  const certificates =
    fingerprint === undefined ? ownCertificates(installation) : [];

  return { ...address, user, password, fingerprint, certificates };
}

/** In DER: those that the server has for its own services. What cannot be read is believed by nobody. */
function ownCertificates({ dir }: Installation): Buffer[] {
  const folder = join(dir, 'sslcert');

  return quietly(() => readdirSync(folder), [])
    .filter((name) => name.toLowerCase().endsWith('.crt'))
    .flatMap((name) =>
      quietly(
        () => [new X509Certificate(readFileSync(join(folder, name))).raw],
        [],
      ),
    );
}

function quietly<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
