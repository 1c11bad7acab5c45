import { type BucketAddress, bucketAddress } from './address.js';
import { trustedCertificates } from '../platform/trusted-certificates.js';
import { Connections } from './connections.js';
import { regionOfProfile } from './credentials/aws-files.js';
import type { ObjectStoreTarget } from './object-store.js';
import { proxyFor } from './proxy.js';
import type { Surroundings } from './surroundings.js';

/** Where the bucket of a region is asked, and the connections there. */
export interface Link {
  readonly region: string;
  readonly address: BucketAddress;
  readonly connections: Connections;
}

/** Where AWS puts a bucket of which nobody says where it is. */
const FIRST_REGION = 'us-east-1';

/** The way to a bucket: its region, its address, its proxy. */
export class Route {
  readonly #links = new Map<string, Link>();
  readonly #certificates: readonly string[] | undefined;
  readonly #target: ObjectStoreTarget;
  #region: string;
  #proxy: URL | undefined;

  /** @throws {ConfigurationError} when an address or a file of the target is none */
  constructor(
    target: ObjectStoreTarget,
    private readonly surroundings: Surroundings,
  ) {
    const { env } = surroundings;
    const endpoint =
      target.endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
    this.#target = { ...target, ...(endpoint !== undefined && { endpoint }) };
    this.#region =
      target.region ??
      env['AWS_REGION'] ??
      env['AWS_DEFAULT_REGION'] ??
      regionOfProfile(target.profile, env) ??
      FIRST_REGION;
    this.#certificates = trustedCertificates(target.caFile, env);
  }

  /** What no message may show. */
  get secrets(): (string | undefined)[] {
    return [
      this.#proxy?.password,
      this.#proxy && decodeURIComponent(this.#proxy.password),
    ];
  }

  link(): Link {
    const region = this.#region;
    const known = this.#links.get(region);
    if (known) return known;

    const link = this.#open(region);
    this.#links.set(region, link);

    return link;
  }

  /** Goes to the region that an answer names. Returns whether it is another than that of the request. */
  learnRegion(used: string, told: string | undefined): boolean {
    // It becomes part of a host's name.
    if (told !== undefined && /^[a-z0-9-]{1,40}$/.test(told)) {
      this.#region = told;
    }

    return this.#region !== used;
  }

  close(): void {
    for (const { connections } of this.#links.values()) connections.destroy();
  }

  #open(region: string): Link {
    const { env, limits } = this.surroundings;
    const address = bucketAddress(this.#target, region);
    this.#proxy = proxyFor(address, this.#target.proxy, env);

    const connections = new Connections(address, {
      proxy: this.#proxy,
      certificates: this.#certificates,
      connectMs: limits.connectMs,
    });

    return { region, address, connections };
  }
}
