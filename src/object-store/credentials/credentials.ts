import { ConfigurationError } from '../../errors.js';
import type { ObjectStoreTarget } from '../object-store.js';
import type { Credentials } from '../request-signature.js';
import type { Environment } from '../surroundings.js';
import { loadFromFile, loadFromProfile } from './aws-files.js';
import { loadFromProcess } from './credential-process.js';
import { loadFromContainer, loadFromInstance } from './roles.js';

/** Credentials are asked for anew this long before they end. */
const EARLY_MS = 300_000;

/** The credentials of one target, read when they are needed and again when they end. */
export class CredentialKeeper {
  #current: Credentials | undefined;
  #loading: Promise<Credentials> | undefined;

  constructor(
    private readonly target: ObjectStoreTarget,
    private readonly env: Environment,
  ) {}

  /** @throws {ConfigurationError} when there are none, or their source cannot be read */
  async at(nowMs: number): Promise<Credentials> {
    const current = this.#current;
    const expiresMs = current?.expiresMs ?? Infinity;
    if (current && nowMs < expiresMs - EARLY_MS) return current;

    try {
      return await this.#load();
    } catch (error) {
      // The old ones serve to their end: their source may be back by then.
      if (current && nowMs < expiresMs) return current;
      throw error;
    }
  }

  /** Reads them again, where nobody did since these were used. Returns whether they are others now. */
  async renew(used: Credentials | undefined): Promise<boolean> {
    const now = this.#current === used ? await this.#load() : this.#current;

    return (
      now?.accessKeyId !== used?.accessKeyId ||
      now?.secretAccessKey !== used?.secretAccessKey ||
      now?.sessionToken !== used?.sessionToken
    );
  }

  /** What no message may show. */
  get secrets(): (string | undefined)[] {
    return [this.#current?.secretAccessKey, this.#current?.sessionToken];
  }

  /** However many calls wait for them, they are read once. */
  #load(): Promise<Credentials> {
    this.#loading ??= loadCredentials(this.target, this.env)
      .then((credentials) => {
        refuseUnsendable(credentials, this.target);
        this.#current = credentials;

        return credentials;
      })
      .finally(() => {
        this.#loading = undefined;
      });

    return this.#loading;
  }
}

/** The target's own source where it names one; else those of AWS's tools, in their order. */
async function loadCredentials(
  target: ObjectStoreTarget,
  env: Environment,
): Promise<Credentials> {
  const { credentialProcess, credentialsFile, profile } = target;
  if (credentialProcess !== undefined) {
    return loadFromProcess(credentialProcess);
  }

  if (credentialsFile !== undefined) {
    return loadFromFile(credentialsFile, profile);
  }

  const found =
    (profile === undefined ? fromEnvironment(env) : undefined) ??
    loadFromProfile(profile, env) ??
    (await loadFromContainer(env)) ??
    (await loadFromInstance(env));
  if (found) return found;

  throw new ConfigurationError(
    `there are no credentials for s3://${target.bucket}`,
    {
      hints: [
        'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or name a file, a profile or a program that has them.',
      ],
    },
  );
}

/** Keys and tokens travel in headers. */
function refuseUnsendable(
  { accessKeyId, secretAccessKey, sessionToken = '' }: Credentials,
  { bucket }: ObjectStoreTarget,
): void {
  const all = accessKeyId + secretAccessKey + sessionToken;
  if (/^[\x21-\x7e]+$/.test(all)) return;

  throw new ConfigurationError(
    `the credentials for s3://${bucket} hold a character that none can have`,
    { hints: ['Copy them anew, without blanks and line ends.'] },
  );
}

function fromEnvironment(env: Environment): Credentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID']?.trim() ?? '';
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY']?.trim() ?? '';
  const sessionToken = env['AWS_SESSION_TOKEN']?.trim() ?? '';
  if (accessKeyId === '' || secretAccessKey === '') return undefined;

  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== '' && { sessionToken }),
  };
}
