import { type AnswerElement, parseAnswer } from './answer-xml.js';
import type { HttpAnswer } from './exchange.js';
import type { Page } from './list-answers.js';
import type {
  ObjectStoreTarget,
  PutOptions,
  UploadOptions,
} from './object-store.js';
import { isRefusal } from './object-store-error.js';
import { S3Client } from './s3-client.js';
import type { S3Request } from './s3-request.js';
import type { Surroundings } from './surroundings.js';

/** The ways in which the objects of one target are asked for. */
export class BucketCalls {
  /** `s3://bucket/prefix`. */
  readonly name: string;
  readonly #client: S3Client;

  constructor(
    readonly target: ObjectStoreTarget,
    surroundings: Surroundings,
  ) {
    this.name = `s3://${target.bucket}/${target.prefix}`.replace(/\/$/, '');
    this.#client = new S3Client(target, surroundings);
  }

  send(request: S3Request): Promise<HttpAnswer> {
    return this.#client.call(request);
  }

  close(): void {
    this.#client.close();
  }

  /** Asks for what is written in XML. What cannot be read is asked for again. */
  async read<T>(
    request: S3Request,
    read: (root: AnswerElement) => T | undefined,
  ): Promise<T> {
    let found: T | undefined;

    await this.send({
      ...request,
      check: ({ body }) => {
        const root = parseAnswer(body);
        found = root && read(root);

        return found === undefined
          ? 'the answer is not what S3 says'
          : undefined;
      },
    });

    return found as T;
  }

  /** Asks for a list to its end. */
  async allPages<T>(
    read: (root: AnswerElement) => Page<T> | undefined,
    request: S3Request,
  ): Promise<T[]> {
    const all: T[] = [];
    let next: Page<T>['next'] = {};

    while (next) {
      const page: Page<T> = await this.read(
        { ...request, query: { ...request.query, ...next } },
        read,
      );

      for (const item of page.items) all.push(item);
      next = page.next;
    }

    return all;
  }

  /** Removes something; what is answered where it is not there is no error. */
  async removal(gone: string, request: S3Request): Promise<void> {
    try {
      await this.send(request);
    } catch (error) {
      if (!isRefusal(error, gone)) throw error;
    }
  }

  /** Headers of an object that begins. */
  objectHeaders({ lock, ...options }: UploadOptions): Record<string, string> {
    const { acl } = this.target;
    const storageClass = options.storageClass ?? this.target.storageClass;

    return {
      ...(acl !== undefined && { 'x-amz-acl': acl }),
      ...(storageClass !== undefined && {
        'x-amz-storage-class': storageClass,
      }),
      ...(lock && {
        'x-amz-object-lock-mode': lock.mode,
        'x-amz-object-lock-retain-until-date': lock.until.toISOString(),
      }),
    };
  }

  /** Of what is listed that which has our prefix, without it. */
  ownKeys<T extends { readonly key: string }>(listed: readonly T[]): T[] {
    const { prefix } = this.target;

    return listed
      .filter(({ key }) => key.startsWith(prefix) && key !== prefix)
      .map((item) => ({ ...item, key: item.key.slice(prefix.length) }));
  }

  /** The key in the bucket. */
  full(key: string): string {
    return this.target.prefix + key;
  }

  /** For messages. */
  shown(key: string): string {
    return `s3://${this.target.bucket}/${this.full(key)}`;
  }
}

/** Headers of what must not take another's place. */
export function condition({
  ifAbsent = false,
}: PutOptions): Record<string, string> {
  return ifAbsent ? { 'if-none-match': '*' } : {};
}
