import { type AnswerElement, parseAnswer, plainEtag } from './answer-xml.js';
import type { HttpAnswer } from './exchange.js';
import type {
  ByteRange,
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
import { S3Client } from './s3-client.js';
import type { Surroundings } from './surroundings.js';

/** A bucket and prefix of a server that speaks S3. */
export class S3Store implements ObjectStore {
  readonly name: string;
  readonly #client: S3Client;

  constructor(
    private readonly target: ObjectStoreTarget,
    surroundings: Surroundings,
  ) {
    this.name = `s3://${target.bucket}/${target.prefix}`.replace(/\/$/, '');
    this.#client = new S3Client(target, surroundings);
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectBytes> {
    const { range, ifMatch } = options;
    const answer = await this.#client.call({
      method: 'GET',
      key: this.#full(key),
      headers: {
        ...(range && { range: rangeHeader(range) }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
      },
      mostAnswerBytes: range ? lengthOf(range) : Infinity,
      what: `read ${this.#shown(key)}`,
    });

    return {
      bytes: answer.body,
      etag: plainEtag(answer.headers['etag']),
      sizeBytes: wholeSize(answer),
      mtimeMs: Date.parse(answer.headers['last-modified'] ?? ''),
    };
  }

  async head(key: string): Promise<ObjectFacts | undefined> {
    try {
      const { headers } = await this.#client.call({
        method: 'HEAD',
        key: this.#full(key),
        what: `look at ${this.#shown(key)}`,
      });

      return { key, ...factsOf(headers) };
    } catch (error) {
      if (isRefusal(error, 'NoSuchKey')) return undefined;
      throw error;
    }
  }

  async list(prefix = ''): Promise<ObjectFacts[]> {
    const objects: ObjectFacts[] = [];
    let token: string | undefined;

    do {
      const page = await this.#xml('ListBucketResult', {
        'list-type': '2',
        prefix: this.#full(prefix),
        delimiter: '/',
        ...(token !== undefined && { 'continuation-token': token }),
      });

      objects.push(...page.all('Contents').map((item) => this.#listed(item)));
      token =
        page.text('IsTruncated') === 'true'
          ? page.text('NextContinuationToken')
          : undefined;
    } while (token !== undefined);

    return objects;
  }

  async put(
    key: string,
    bytes: Buffer,
    options: PutOptions = {},
  ): Promise<StoredObject> {
    const answer = await this.#client.call({
      method: 'PUT',
      key: this.#full(key),
      headers: {
        ...this.#objectHeaders(options),
        ...(options.ifAbsent === true && { 'if-none-match': '*' }),
      },
      body: bytes,
      what: `store ${this.#shown(key)}`,
    });

    return { etag: plainEtag(answer.headers['etag']) };
  }

  async beginUpload(key: string, options: UploadOptions = {}): Promise<string> {
    const root = await this.#objectXml('InitiateMultipartUploadResult', {
      method: 'POST',
      key,
      query: { uploads: '' },
      headers: this.#objectHeaders(options),
      body: Buffer.alloc(0),
    });

    return root.text('UploadId') ?? '';
  }

  async putPart(
    key: string,
    uploadId: string,
    number: number,
    bytes: Buffer,
  ): Promise<UploadPart> {
    const answer = await this.#client.call({
      method: 'PUT',
      key: this.#full(key),
      query: { partNumber: String(number), uploadId },
      body: bytes,
      what: `send part ${number} of ${this.#shown(key)}`,
    });
    const etag = plainEtag(answer.headers['etag']);

    return { number, etag, sizeBytes: bytes.length };
  }

  async completeUpload(
    key: string,
    uploadId: string,
    parts: readonly UploadPart[],
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<StoredObject> {
    const items = parts.map(
      ({ number, etag }) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`,
    );
    const root = await this.#objectXml('CompleteMultipartUploadResult', {
      method: 'POST',
      key,
      query: { uploadId },
      headers: {
        'content-type': 'application/xml',
        ...(options.ifAbsent === true && { 'if-none-match': '*' }),
      },
      body: Buffer.from(
        `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${items.join('')}</CompleteMultipartUpload>`,
      ),
    });

    return { etag: plainEtag(root.text('ETag')) };
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    try {
      await this.#client.call({
        method: 'DELETE',
        key: this.#full(key),
        query: { uploadId },
        what: `drop the upload of ${this.#shown(key)}`,
      });
    } catch (error) {
      if (!isRefusal(error, 'NoSuchUpload')) throw error;
    }
  }

  async listUploads(prefix = ''): Promise<UnfinishedUpload[]> {
    const uploads: UnfinishedUpload[] = [];
    let markers: Record<string, string> | undefined = {};

    while (markers) {
      const page = await this.#xml('ListMultipartUploadsResult', {
        uploads: '',
        prefix: this.#full(prefix),
        ...markers,
      });

      uploads.push(
        ...page.all('Upload').map((item) => ({
          key: this.#relative(item.text('Key') ?? ''),
          uploadId: item.text('UploadId') ?? '',
          startedMs: Date.parse(item.text('Initiated') ?? ''),
        })),
      );
      markers =
        page.text('IsTruncated') === 'true'
          ? {
              'key-marker': page.text('NextKeyMarker') ?? '',
              'upload-id-marker': page.text('NextUploadIdMarker') ?? '',
            }
          : undefined;
    }

    return uploads;
  }

  async listParts(key: string, uploadId: string): Promise<UploadPart[]> {
    const parts: UploadPart[] = [];
    let marker: string | undefined = '0';

    while (marker !== undefined) {
      const page: AnswerElement = await this.#objectXml('ListPartsResult', {
        method: 'GET',
        key,
        query: {
          uploadId,
          ...(marker !== '0' && { 'part-number-marker': marker }),
        },
      });

      parts.push(
        ...page.all('Part').map((item) => ({
          number: Number(item.text('PartNumber')),
          etag: plainEtag(item.text('ETag')),
          sizeBytes: Number(item.text('Size')),
        })),
      );
      marker =
        page.text('IsTruncated') === 'true'
          ? page.text('NextPartNumberMarker')
          : undefined;
    }

    return parts;
  }

  async remove(key: string): Promise<void> {
    await this.#client.call({
      method: 'DELETE',
      key: this.#full(key),
      what: `remove ${this.#shown(key)}`,
    });
  }

  async lockUntil(key: string, mode: LockMode, until: Date): Promise<void> {
    await this.#client.call({
      method: 'PUT',
      key: this.#full(key),
      query: { retention: '' },
      body: Buffer.from(
        `<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Mode>${mode}</Mode><RetainUntilDate>${isoSeconds(until)}</RetainUntilDate></Retention>`,
      ),
      what: `lock ${this.#shown(key)}`,
    });
  }

  close(): void {
    this.#client.close();
  }

  #xml(name: string, query: Record<string, string>): Promise<AnswerElement> {
    return this.#call(name, {
      method: 'GET',
      query,
      what: `list ${this.name}`,
    });
  }

  #objectXml(
    name: string,
    request: {
      method: 'GET' | 'POST';
      key: string;
      query: Record<string, string>;
      headers?: Record<string, string>;
      body?: Buffer;
    },
  ): Promise<AnswerElement> {
    return this.#call(name, {
      ...request,
      key: this.#full(request.key),
      what: `send ${this.#shown(request.key)}`,
    });
  }

  async #call(
    name: string,
    request: Parameters<S3Client['call']>[0],
  ): Promise<AnswerElement> {
    const root = parseAnswer((await this.#client.call(request)).body);
    if (root?.name === name) return root;

    throw new ObjectStoreError(
      `cannot ${request.what}: the answer is not what S3 says`,
      { reason: 'BadAnswer', status: 200 },
    );
  }

  #listed(item: AnswerElement): ObjectFacts {
    const storageClass = item.text('StorageClass') ?? 'STANDARD';

    return {
      key: this.#relative(item.text('Key') ?? ''),
      sizeBytes: Number(item.text('Size')),
      etag: plainEtag(item.text('ETag')),
      mtimeMs: Date.parse(item.text('LastModified') ?? ''),
      ...(storageClass !== 'STANDARD' && { storageClass }),
    };
  }

  #objectHeaders(options: UploadOptions): Record<string, string> {
    const storageClass = options.storageClass ?? this.target.storageClass;

    return {
      ...(storageClass !== undefined && {
        'x-amz-storage-class': storageClass,
      }),
      ...(options.lock && {
        'x-amz-object-lock-mode': options.lock.mode,
        'x-amz-object-lock-retain-until-date': isoSeconds(options.lock.until),
      }),
    };
  }

  #full(key: string): string {
    return this.target.prefix + key;
  }

  #relative(key: string): string {
    return key.slice(this.target.prefix.length);
  }

  #shown(key: string): string {
    return `s3://${this.target.bucket}/${this.#full(key)}`;
  }
}

function factsOf(headers: HttpAnswer['headers']): Omit<ObjectFacts, 'key'> {
  const until = headers['x-amz-object-lock-retain-until-date'];
  const mode = headers['x-amz-object-lock-mode'];
  const storageClass = headers['x-amz-storage-class'];

  return {
    sizeBytes: Number(headers['content-length']),
    etag: plainEtag(headers['etag']),
    mtimeMs: Date.parse(headers['last-modified'] ?? ''),
    ...(until !== undefined && { lockedUntil: new Date(until) }),
    ...((mode === 'GOVERNANCE' || mode === 'COMPLIANCE') && { lockMode: mode }),
    ...(storageClass !== undefined && { storageClass }),
  };
}

function rangeHeader(range: ByteRange): string {
  return 'last' in range
    ? `bytes=-${range.last}`
    : `bytes=${range.offset}-${range.offset + range.length - 1}`;
}

function lengthOf(range: ByteRange): number {
  return 'last' in range ? range.last : range.length;
}

function wholeSize({ headers, body }: HttpAnswer): number {
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  return total === undefined ? body.length : Number(total);
}

function isoSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+/, '');
}
