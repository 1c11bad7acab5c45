/** A bucket as a storage has it: where it is, what is known of its objects, and the client, which is loaded when it is needed first. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type {
  LockMode,
  ObjectFacts,
  ObjectStore,
  ObjectStoreTarget,
} from '../../object-store/object-store.js';
import type { TimeLimits } from '../../object-store/surroundings.js';
import type { Recipients } from '../../sealing/age-headers.js';

/** Where archives are in a bucket: plain data. */
export interface BucketTarget {
  readonly target: ObjectStoreTarget;
  /** Absolute: the directory of this machine that holds lock, records and spool of this bucket and prefix. */
  readonly stateDirectory: string;
  /** After which the server is given up; default: the client's. */
  readonly limits?: Partial<TimeLimits>;
  /** For so long what is put there is locked. */
  readonly retention?: {
    readonly mode: LockMode;
    readonly durationMs: number;
  };
  /** Those whom archives are sealed for; none: they lie there as they are. */
  readonly recipients?: Recipients;
  /** False where this machine keeps no copies of the indexes of what it seals. */
  readonly keepsIndexes?: boolean;
  /** Absolute: opens sealed archives. */
  readonly identityFile?: string;
  /** Absolute: the passphrase that opens sealed archives. */
  readonly passphraseFile?: string;
}

/** A bucket, seen from one prefix. */
export class Bucket {
  /** `s3://bucket/prefix` */
  readonly name: string;
  readonly #known = new Map<string, ObjectFacts>();
  #store: Promise<ObjectStore> | undefined;

  constructor(readonly place: BucketTarget) {
    this.name = nameOfTarget(place.target);
  }

  /** The client, the same for every call. */
  store(): Promise<ObjectStore> {
    this.#store ??= openStore(this.place);

    return this.#store;
  }

  /** A client of its own, for what may have to be ended at once. The caller closes it. */
  another(): Promise<ObjectStore> {
    return openStore(this.place);
  }

  /** The name of an object in messages. */
  pathOf(key: string): string {
    return `${this.name}/${key}`;
  }

  /** All objects of the prefix. */
  async list(): Promise<ObjectFacts[]> {
    const store = await this.store();
    const objects = await store.list();

    this.#known.clear();
    for (const object of objects) this.#known.set(object.key, object);

    return objects;
  }

  /** An object as it is at this moment. */
  async look(key: string): Promise<ObjectFacts | undefined> {
    const store = await this.store();
    const facts = await store.head(key);

    if (facts) this.#known.set(key, facts);
    else this.#known.delete(key);

    return facts;
  }

  /** An object by the last look at it. */
  known(key: string): ObjectFacts | undefined {
    return this.#known.get(key);
  }
}

async function openStore({
  target,
  limits,
}: BucketTarget): Promise<ObjectStore> {
  const { openObjectStore } =
    await import('../../object-store/open-object-store.js');

  return openObjectStore(target, limits ? { limits } : {});
}

/** `s3://bucket/prefix` */
function nameOfTarget({ bucket, prefix }: ObjectStoreTarget): string {
  return `s3://${bucket}/${prefix}`.replace(/\/$/, '');
}

/**
 * The directory that holds what this machine keeps of a bucket and prefix.
 * @param home holds those of all targets
 */
export function stateDirectoryFor(
  home: string,
  { endpoint = '', bucket, prefix }: ObjectStoreTarget,
): string {
  const identity = [endpoint, bucket, prefix];

  return stateDirectoryNamed(home, `${bucket}-${prefix}`, identity);
}

/** The same of anything else. @param words say to people what it is of · @param identity tells it from all others */
export function stateDirectoryNamed(
  home: string,
  words: string,
  identity: readonly string[],
): string {
  const plain = words.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 60);
  const digest = createHash('sha256')
    .update(JSON.stringify(identity))
    .digest('hex');

  const name = `${plain.replace(/^-|-$/g, '')}-${digest.slice(0, 12)}`;

  return join(home, 'targets', name);
}
