import { isIP } from 'node:net';
import { ConfigurationError } from '../errors.js';
import type { ObjectStoreTarget } from './object-store.js';
import { encodeUri } from './request-signature.js';

/** Where a bucket is asked: host, port and the path before its keys. */
export interface BucketAddress {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Of the header `host`. */
  readonly hostHeader: string;
  /** `/bucket`, or nothing where the host's name has it. */
  readonly path: string;
}

/**
 * Returns the address of the target's bucket in a region.
 * @throws {ConfigurationError} when the endpoint is no address
 */
export function bucketAddress(
  target: ObjectStoreTarget,
  region: string,
): BucketAddress {
  const endpoint = endpointOf(target, region);
  const isInPath = target.pathStyle ?? isPathStyle(target, endpoint);
  const bucketHost = `${target.bucket}.${endpoint.hostname}`;
  const base = endpoint.pathname.replace(/\/+$/, '');
  const isSecure = endpoint.protocol === 'https:';
  const host = isInPath ? endpoint.hostname : bucketHost;

  return {
    isSecure,
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(endpoint.port) || (isSecure ? 443 : 80),
    hostHeader: endpoint.port === '' ? host : `${host}:${endpoint.port}`,
    path: isInPath ? `${base}/${encodeUri(target.bucket)}` : base,
  };
}

/** The path of a key of the bucket; without one, that of the bucket. */
export function pathOfKey(
  address: BucketAddress,
  key: string | undefined,
): string {
  if (key === undefined) return address.path === '' ? '/' : address.path;

  return `${address.path}/${key.split('/').map(encodeUri).join('/')}`;
}

function endpointOf(target: ObjectStoreTarget, region: string): URL {
  if (target.endpoint === undefined) {
    const suffix = region.startsWith('cn-') ? '.cn' : '';
    return new URL(`https://s3.${region}.amazonaws.com${suffix}`);
  }

  const text = /^https?:\/\//i.test(target.endpoint)
    ? target.endpoint
    : `https://${target.endpoint}`;
  const endpoint = URL.canParse(text) ? new URL(text) : undefined;
  if (endpoint && endpoint.username === '' && endpoint.search === '') {
    return endpoint;
  }

  throw new ConfigurationError(
    `the endpoint of s3://${target.bucket} is no address of a server`,
    { hints: ['Write it as https://objects.example.com or http://host:port.'] },
  );
}

/** Without an endpoint it is AWS, where the bucket is in the host's name; one with dots in it fits no certificate. */
function isPathStyle(target: ObjectStoreTarget, endpoint: URL): boolean {
  return (
    target.endpoint !== undefined ||
    target.bucket.includes('.') ||
    isIP(endpoint.hostname) !== 0
  );
}
