import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ConfigurationError, messageOf } from '../../errors.js';
import { toUnreadableSettings } from '../../platform/system-error.js';
import { Connections } from '../connections.js';
import { type HttpAnswer, exchange } from '../exchange.js';
import type { Credentials } from '../request-signature.js';
import type { Environment } from '../surroundings.js';
import { credentialsOfJson } from './credential-process.js';

/** Credentials of the machine's or container's role, from the services that hand them out. */

/** A service beside the machine answers at once or not at all. */
const SERVICE_MS = 2_000;
const TRIES = 3;
const MOST_ANSWER_BYTES = 1 << 20;

const CONTAINER_SERVICE = 'http://169.254.170.2';
const INSTANCE_SERVICE = 'http://169.254.169.254';
/** Where secrets may be asked for without encryption: they do not leave the machine. */
const NEAR_HOSTS: ReadonlySet<string> = new Set([
  'localhost',
  '169.254.170.2',
  '169.254.170.23',
  '[fd00:ec2::23]',
  '[::1]',
]);

/**
 * Asks the service of a container (ECS, EKS). Undefined where the environment names none.
 * @throws {ConfigurationError} when it does not answer with credentials
 */
export async function loadFromContainer(
  env: Environment,
): Promise<Credentials | undefined> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full =
    relative === undefined
      ? env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
      : CONTAINER_SERVICE + relative;
  if (full === undefined) return undefined;

  const url = nearUrl(full);
  const token = containerToken(env);
  const answer = await ask(
    { method: 'GET', url, headers: token ? { authorization: token } : {} },
    TRIES,
  );

  return credentialsIn(answer, 'the credentials service of the container');
}

/**
 * Asks the service of an EC2 instance (IMDSv2). Undefined where there is none, or it has no role.
 * @throws {ConfigurationError} when its answer has no credentials
 */
export async function loadFromInstance(
  env: Environment,
): Promise<Credentials | undefined> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') {
    return undefined;
  }

  const service = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? INSTANCE_SERVICE;
  const token = await instanceToken(service);
  if (token === undefined) return undefined;

  const roles = new URL('/latest/meta-data/iam/security-credentials/', service);
  const headers = { 'x-aws-ec2-metadata-token': token };
  const named = await ask({ method: 'GET', url: roles, headers }, TRIES);
  const role = named.body.toString('utf8').split('\n')[0]?.trim() ?? '';
  if (named.status === 404 || role === '') return undefined;

  const url = new URL(encodeURIComponent(role), roles);
  const answer = await ask({ method: 'GET', url, headers }, TRIES);

  return credentialsIn(answer, 'the metadata service of the instance');
}

/** Undefined where nobody is there: this is no such machine. */
async function instanceToken(service: string): Promise<string | undefined> {
  try {
    const answer = await ask(
      {
        method: 'PUT',
        url: new URL('/latest/api/token', service),
        headers: {
          'x-aws-ec2-metadata-token-ttl-seconds': '21600',
          'content-length': '0',
        },
      },
      1,
    );

    return answer.status === 200 ? answer.body.toString('utf8') : undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

function nearUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isNear =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' &&
      (NEAR_HOSTS.has(url.hostname) || isLoopback(url.hostname)));
  if (url && isNear) return url;

  throw new ConfigurationError(
    'AWS_CONTAINER_CREDENTIALS_FULL_URI is no address on this machine and not encrypted',
  );
}

function isLoopback(hostname: string): boolean {
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}

function containerToken(env: Environment): string | undefined {
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  if (file === undefined) return env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];

  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw toUnreadableSettings(error, `cannot read the token in ${file}`);
  }
}

interface Question {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws {ConfigurationError} when the service does not answer, or has too much to do */
async function ask(question: Question, tries: number): Promise<HttpAnswer> {
  const { url } = question;
  for (let left = tries - 1; ; left--) {
    try {
      const answer = await askOnce(question);
      if (answer.status < 500 || left === 0) return answer;
    } catch (error) {
      if (left > 0) continue;

      throw new ConfigurationError(
        `the credentials service ${url.host} does not answer: ${messageOf(error)}`,
      );
    }
  }
}

/** Never through a proxy: the service is beside this machine. */
async function askOnce({
  method,
  url,
  headers,
}: Question): Promise<HttpAnswer> {
  const isSecure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isSecure ? 443 : 80);
  const agent = new Connections(
    { isSecure, host, port },
    { proxy: undefined, certificates: undefined, connectMs: SERVICE_MS },
  );

  try {
    return await exchange(
      {
        method,
        host,
        port,
        path: url.pathname + url.search,
        headers: { host: url.host, ...headers },
        body: Buffer.alloc(0),
        mostAnswerBytes: MOST_ANSWER_BYTES,
      },
      {
        agent,
        idleMs: SERVICE_MS,
        wholeMs: 2 * SERVICE_MS,
        signal: new AbortController().signal,
      },
    );
  } finally {
    agent.destroy();
  }
}

function credentialsIn(answer: HttpAnswer, who: string): Credentials {
  const credentials =
    answer.status === 200
      ? credentialsOfJson(answer.body.toString('utf8'))
      : undefined;
  if (credentials) return credentials;

  throw new ConfigurationError(
    `${who} gave no credentials: it answered ${answer.status}`,
  );
}
