import { BlockList, isIP, isIPv6 } from 'node:net';
import { ConfigurationError } from '../errors.js';
import type { Environment } from './surroundings.js';

/** Finds the proxy on the way to a server. Pure. */

/** The server that is asked. */
export interface ProxiedServer {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
}

/**
 * Returns the proxy for a server: the given one, or that of the environment, which counts for https alone. An empty one is none.
 * @throws {ConfigurationError} when it is no address of a proxy for HTTP; without its password
 */
export function proxyFor(
  server: ProxiedServer,
  given: string | undefined,
  env: Environment,
): URL | undefined {
  const proxy = given ?? proxyOfEnvironment(server, env) ?? '';
  if (proxy === '') return undefined;

  const url = urlOf(proxy.includes('://') ? proxy : `http://${proxy}`);
  if (url && ['http:', 'https:'].includes(url.protocol)) return url;

  throw new ConfigurationError(
    given === undefined
      ? 'the proxy of the environment (HTTPS_PROXY) is no address'
      : 'the proxy of the target is no address',
    { hints: ['Write it as http://proxy.example.com:3128.'] },
  );
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function proxyOfEnvironment(
  server: ProxiedServer,
  env: Environment,
): string | undefined {
  if (!server.isSecure || isExempt(server, variable(env, 'NO_PROXY') ?? '')) {
    return undefined;
  }

  return variable(env, 'HTTPS_PROXY') ?? variable(env, 'ALL_PROXY');
}

/** Programs disagree about the case; the lower one goes first, as in curl. */
function variable(env: Environment, name: string): string | undefined {
  return env[name.toLowerCase()] ?? env[name];
}

/** `NO_PROXY=localhost,.example.com,10.0.0.0/8,host:8443,*`. */
function isExempt(server: ProxiedServer, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .some((item) => matches(server, item.toLowerCase()));
}

function matches({ host, port }: ProxiedServer, item: string): boolean {
  if (item === '*') return true;
  if (isIP(host) !== 0 && item.includes('/')) return isInNetwork(host, item);

  const [, name = '', itemPort] =
    /^\[?(.+?)\]?(?::(\d+))?$/.exec(isIPv6(item) ? `[${item}]` : item) ?? [];
  if (itemPort !== undefined && Number(itemPort) !== port) return false;

  const suffix = name.replace(/^\*?\./, '');

  return host === suffix || host.endsWith(`.${suffix}`);
}

function isInNetwork(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';

  try {
    const list = new BlockList();
    list.addSubnet(address, Number(bits), family);

    return list.check(host, family);
  } catch {
    // What is no network exempts nobody.
    return false;
  }
}
