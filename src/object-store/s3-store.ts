import { plainEtag } from './answer-xml.js';
import { BucketCalls, condition } from './bucket-calls.js';
import { type Lifecycle, lifecycleOf } from './lifecycle.js';
import { objectsPage } from './list-answers.js';
import {
  etagCheck,
  factsOf,
  headCheck,
  lengthOf,
  rangeCheck,
  rangeHeader,
  wholeCheck,
  wholeSize,
} from './object-answers.js';
import type {
  GetOptions,
  LockMode,
  ObjectBytes,
  ObjectFacts,
  ObjectStore,
  ObjectStoreTarget,
  PutOptions,
  StoredObject,
  UnfinishedUpload,
  UploadOptions,
  UploadPart,
} from './object-store.js';
import { ObjectStoreError, isRefusal } from './object-store-error.js';
import { S3Uploads } from './s3-uploads.js';
import type { Surroundings } from './surroundings.js';
import { retentionXml } from './upload-bodies.js';

/** A bucket and prefix of a server that speaks S3. */
export class S3Store implements ObjectStore {
  readonly name: string;
  readonly #calls: BucketCalls;
  readonly #uploads: S3Uploads;

  constructor(target: ObjectStoreTarget, surroundings: Surroundings) {
    this.#calls = new BucketCalls(target, surroundings);
    this.name = this.#calls.name;
    this.#uploads = new S3Uploads(this.#calls, (key) => this.head(key));
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectBytes> {
    try {
      return await this.#get(key, options);
    } catch (error) {
      const { range } = options;
      const isTail = range && 'last' in range;
      const empty =
        isTail && isRefusal(error, 'InvalidRange')
          ? await this.#emptyObject(key)
          : undefined;
      if (empty) return empty;
      throw error;
    }
  }

  async head(key: string): Promise<ObjectFacts | undefined> {
    try {
      const { headers } = await this.#calls.send({
        method: 'HEAD',
        key: this.#calls.full(key),
        check: headCheck,
        what: `look at ${this.#calls.shown(key)}`,
      });

      return factsOf(key, headers);
    } catch (error) {
      if (isRefusal(error, 'NoSuchKey')) return undefined;
      throw error;
    }
  }

  async list(prefix = ''): Promise<ObjectFacts[]> {
    const objects = await this.#calls.allPages(objectsPage, {
      method: 'GET',
      query: {
        'list-type': '2',
        'encoding-type': 'url',
        delimiter: '/',
        prefix: this.#calls.full(prefix),
      },
      what: `list ${this.name}`,
    });

    return this.#calls.ownKeys(objects);
  }

  async lifecycle(): Promise<Lifecycle> {
    const { prefix } = this.#calls.target;

    try {
      return await this.#calls.read(
        {
          method: 'GET',
          query: { lifecycle: '' },
          what: `read the rules of ${this.name}`,
        },
        (root) => lifecycleOf(root, prefix),
      );
    } catch (error) {
      if (!isRefusal(error, 'NoSuchLifecycleConfiguration')) throw error;

      return { dropsUploadsAfterDays: undefined, removesAfterDays: undefined };
    }
  }

  async serverTime(): Promise<Date | undefined> {
    const { headers } = await this.#calls.send({
      method: 'GET',
      query: { 'list-type': '2', 'max-keys': '1' },
      what: `ask ${this.name} for the time`,
    });
    const at = new Date(headers['date'] ?? '');

    return Number.isNaN(at.getTime()) ? undefined : at;
  }

  async put(
    key: string,
    bytes: Buffer,
    options: PutOptions = {},
  ): Promise<StoredObject> {
    try {
      const answer = await this.#calls.send({
        method: 'PUT',
        key: this.#calls.full(key),
        headers: {
          ...this.#calls.objectHeaders(options),
          ...condition(options),
        },
        body: bytes,
        check: etagCheck,
        what: `store ${this.#calls.shown(key)}`,
      });

      return { etag: plainEtag(answer.headers['etag']) };
    } catch (error) {
      const own = await this.#storedBefore(error, key, bytes);
      if (own) return own;
      throw error;
    }
  }

  beginUpload(key: string, options: UploadOptions = {}): Promise<string> {
    return this.#uploads.begin(key, options);
  }

  putPart(
    key: string,
    uploadId: string,
    number: number,
    bytes: Buffer,
  ): Promise<UploadPart> {
    return this.#uploads.putPart(key, uploadId, number, bytes);
  }

  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly UploadPart[],
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<StoredObject> {
    return this.#uploads.complete(key, uploadId, parts, options);
  }

  abortUpload(key: string, uploadId: string): Promise<void> {
    return this.#uploads.abort(key, uploadId);
  }

  listUploads(prefix = ''): Promise<UnfinishedUpload[]> {
    return this.#uploads.list(prefix);
  }

  listParts(key: string, uploadId: string): Promise<UploadPart[]> {
    return this.#uploads.listParts(key, uploadId);
  }

  async remove(key: string): Promise<void> {
    await this.#calls.removal('NoSuchKey', {
      method: 'DELETE',
      key: this.#calls.full(key),
      what: `remove ${this.#calls.shown(key)}`,
    });
  }

  async lockUntil(key: string, mode: LockMode, until: Date): Promise<void> {
    await this.#calls.send({
      method: 'PUT',
      key: this.#calls.full(key),
      query: { retention: '' },
      body: retentionXml(mode, until),
      what: `lock ${this.#calls.shown(key)}`,
    });
  }

  close(): void {
    this.#calls.close();
  }

  async #get(
    key: string,
    { range, ifMatch }: GetOptions,
  ): Promise<ObjectBytes> {
    const answer = await this.#calls.send({
      method: 'GET',
      key: this.#calls.full(key),
      headers: {
        ...(range && { range: rangeHeader(range) }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
      },
      mostAnswerBytes: range ? lengthOf(range) : Infinity,
      check: range ? rangeCheck(range) : wholeCheck(),
      what: `read ${this.#calls.shown(key)}`,
    });

    const etag = plainEtag(answer.headers['etag']);
    if (ifMatch !== undefined && etag !== ifMatch) throw this.#replaced(key);

    return {
      bytes: answer.body,
      etag,
      sizeBytes: wholeSize(answer),
      mtimeMs: Date.parse(answer.headers['last-modified'] ?? ''),
    };
  }

  /** An object without a byte has no last ones either: servers refuse to give them. */
  async #emptyObject(key: string): Promise<ObjectBytes | undefined> {
    const facts = await this.head(key);
    if (facts?.sizeBytes !== 0) return undefined;

    const { etag, sizeBytes, mtimeMs } = facts;

    return { bytes: Buffer.alloc(0), etag, sizeBytes, mtimeMs };
  }

  /** An earlier try of the same call may have stored it, and lost its answer. */
  async #storedBefore(
    error: unknown,
    key: string,
    bytes: Buffer,
  ): Promise<StoredObject | undefined> {
    const isAsked = isRefusal(error, 'PreconditionFailed') && error.mayBeDone;
    if (!isAsked) return undefined;

    const found = await this.get(key);

    return found.bytes.equals(bytes) ? { etag: found.etag } : undefined;
  }

  #replaced(key: string): ObjectStoreError {
    return new ObjectStoreError(
      `cannot read ${this.#calls.shown(key)}: another object took its place`,
      { reason: 'PreconditionFailed', status: 200 },
    );
  }
}
