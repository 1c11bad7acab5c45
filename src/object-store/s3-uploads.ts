import { plainEtag } from './answer-xml.js';
import { type BucketCalls, condition } from './bucket-calls.js';
import { partsPage, uploadsPage } from './list-answers.js';
import { etagCheck } from './object-answers.js';
import type {
  ObjectStore,
  StoredObject,
  UnfinishedUpload,
  UploadOptions,
  UploadPart,
} from './object-store.js';
import { ObjectStoreError, isRefusal } from './object-store-error.js';
import { completionXml, etagOfParts } from './upload-bodies.js';

/** Objects that are sent in parts. */
export class S3Uploads {
  constructor(
    private readonly calls: BucketCalls,
    private readonly head: ObjectStore['head'],
  ) {}

  async begin(key: string, options: UploadOptions = {}): Promise<string> {
    return this.calls.read(
      {
        method: 'POST',
        key: this.calls.full(key),
        query: { uploads: '' },
        headers: this.calls.objectHeaders(options),
        body: Buffer.alloc(0),
        what: `begin ${this.calls.shown(key)}`,
      },
      (root) => root.text('UploadId'),
    );
  }

  async putPart(
    key: string,
    uploadId: string,
    number: number,
    bytes: Buffer,
  ): Promise<UploadPart> {
    const answer = await this.calls.send({
      method: 'PUT',
      key: this.calls.full(key),
      query: { partNumber: String(number), uploadId },
      body: bytes,
      check: etagCheck,
      what: `send part ${number} of ${this.calls.shown(key)}`,
    });
    const etag = plainEtag(answer.headers['etag']);

    return { number, etag, sizeBytes: bytes.length };
  }

  async complete(
    key: string,
    uploadId: string,
    parts: readonly UploadPart[],
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<StoredObject> {
    try {
      const told = await this.calls.read(
        {
          method: 'POST',
          key: this.calls.full(key),
          query: { uploadId },
          headers: {
            'content-type': 'application/xml',
            ...condition(options),
          },
          body: completionXml(parts),
          // Ceph says of an upload that is gone that it is at work on it, without end.
          beforeAgain: async () => {
            await this.listParts(key, uploadId);
          },
          what: `complete ${this.calls.shown(key)}`,
        },
        (root) => root.text('ETag'),
      );
      // Ceph tells no ETag at first.
      const etag = plainEtag(told) || (await this.head(key))?.etag;

      return { etag: etag ?? '' };
    } catch (error) {
      const own = await this.#completedBefore(error, key, parts);
      if (own) return own;
      throw error;
    }
  }

  async abort(key: string, uploadId: string): Promise<void> {
    await this.calls.removal('NoSuchUpload', {
      method: 'DELETE',
      key: this.calls.full(key),
      query: { uploadId },
      what: `drop the upload of ${this.calls.shown(key)}`,
    });
  }

  async list(prefix = ''): Promise<UnfinishedUpload[]> {
    const uploads = await this.calls.allPages(uploadsPage, {
      method: 'GET',
      query: { uploads: '', prefix: this.calls.full(prefix) },
      what: `list the uploads of ${this.calls.name}`,
    });

    return this.calls.ownKeys(uploads);
  }

  async listParts(key: string, uploadId: string): Promise<UploadPart[]> {
    try {
      return await this.calls.allPages(partsPage, {
        method: 'GET',
        key: this.calls.full(key),
        query: { uploadId },
        what: `list the parts of ${this.calls.shown(key)}`,
      });
    } catch (error) {
      // In Ceph's words there is no such key.
      if (!isRefusal(error, 'NoSuchKey')) throw error;

      const { message, status } = error;
      throw new ObjectStoreError(message, { reason: 'NoSuchUpload', status });
    }
  }

  /** The upload may be the object by now. */
  async #completedBefore(
    error: unknown,
    key: string,
    parts: readonly UploadPart[],
  ): Promise<StoredObject | undefined> {
    const isAsked =
      isRefusal(error, 'NoSuchUpload') ||
      (isRefusal(error, 'PreconditionFailed') && error.mayBeDone);
    if (!isAsked) return undefined;

    const found = await this.head(key);
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    const isOwn =
      found?.sizeBytes === sizeBytes && found.etag === etagOfParts(parts);

    return isOwn ? { etag: found.etag } : undefined;
  }
}
