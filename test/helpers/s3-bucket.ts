import { createHash, randomUUID } from 'node:crypto';
import { S3Refusal, type S3User } from './s3-signature.js';

/** What real servers do differently; `strict` heeds everything. */
export type S3Manner = 'strict' | 'ceph' | 'swift';

/** An object as it was stored at one time. */
export interface StoredVersion {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly mtimeMs: number;
  readonly versionId: string;
  readonly storageClass: string;
  mode: string | undefined;
  untilMs: number;
}

export interface StoredPart {
  readonly bytes: Buffer;
  readonly etag: string;
}

export interface PendingUpload {
  readonly id: string;
  readonly key: string;
  readonly startedMs: number;
  readonly headers: Headers;
  readonly parts: Map<number, StoredPart>;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

interface BucketRules {
  readonly manner: S3Manner;
  /** As a bucket with locks has them. */
  readonly hasVersions: boolean;
  /** A part before the last must not be smaller. */
  readonly leastPartBytes: number;
  readonly nowMs: () => number;
}

/** A bucket in memory. With versions, a removed object is hidden and not gone. */
export class S3Bucket {
  /** The versions of each key, oldest first; undefined: removed. */
  readonly versions = new Map<string, (StoredVersion | undefined)[]>();
  readonly uploads = new Map<string, PendingUpload>();
  /** Its rules, as XML. */
  lifecycle: string | undefined;
  /** What was completed, for a server that says so again. */
  readonly #completed = new Map<string, string>();

  constructor(private readonly rules: BucketRules) {}

  /** All keys that have an object now, in the order of their bytes. */
  keys(): string[] {
    return [...this.versions.keys()]
      .filter((key) => this.current(key))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  current(key: string): StoredVersion | undefined {
    return this.versions.get(key)?.at(-1);
  }

  find(key: string): StoredVersion {
    const version = this.current(key);
    if (!version) throw new S3Refusal(404, 'NoSuchKey');
    return version;
  }

  put(key: string, bytes: Buffer, headers: Headers, user: S3User): string {
    if (
      headers['if-none-match'] !== undefined &&
      this.rules.manner === 'swift'
    ) {
      throw new S3Refusal(501, 'NotImplemented');
    }

    // Ceph looks for no other object where the bucket keeps versions.
    const isOverlooked = this.rules.manner === 'ceph' && this.rules.hasVersions;
    const heeded = isOverlooked
      ? { ...headers, 'if-none-match': undefined }
      : headers;

    return this.#store(key, { bytes, etag: md5(bytes) }, heeded, user);
  }

  remove(key: string, user: S3User): void {
    if (user.mayNot?.includes('delete')) {
      throw new S3Refusal(403, 'AccessDenied');
    }

    const versions = this.versions.get(key);
    if (versions) versions.push(undefined);
  }

  /** What a cleaner with rights of its own does: `versionId` is the last one's. */
  removeVersion(key: string): void {
    const version = this.find(key);
    if (version.untilMs > this.rules.nowMs()) {
      throw new S3Refusal(403, 'AccessDenied');
    }

    this.versions.set(key, this.versions.get(key)?.slice(0, -1) ?? []);
  }

  lock(key: string, mode: string, untilMs: number): void {
    if (this.rules.manner === 'swift') {
      throw new S3Refusal(501, 'NotImplemented');
    }

    const version = this.find(key);
    if (untilMs < version.untilMs) throw new S3Refusal(403, 'AccessDenied');
    version.mode = mode;
    version.untilMs = untilMs;
  }

  begin(key: string, headers: Headers, user: S3User): string {
    if (user.mayNot?.includes('put')) throw new S3Refusal(403, 'AccessDenied');
    const id = randomUUID();
    const startedMs = this.rules.nowMs();
    this.uploads.set(id, { id, key, startedMs, headers, parts: new Map() });
    return id;
  }

  upload(key: string, id: string): PendingUpload {
    const upload = this.uploads.get(id);
    if (upload?.key !== key) throw new S3Refusal(404, 'NoSuchUpload');
    return upload;
  }

  /** Ceph says of an upload that is gone that there is no such key. */
  partsOf(key: string, id: string): PendingUpload['parts'] {
    if (this.rules.manner === 'ceph' && !this.uploads.has(id)) {
      throw new S3Refusal(404, 'NoSuchKey');
    }

    return this.upload(key, id).parts;
  }

  putPart(key: string, id: string, number: number, bytes: Buffer): string {
    const upload = this.upload(key, id);
    if (!(number >= 1 && number <= 10_000)) {
      throw new S3Refusal(400, 'InvalidArgument');
    }

    const etag = md5(bytes);
    upload.parts.set(number, { bytes: Buffer.from(bytes), etag });
    return etag;
  }

  complete(
    key: string,
    id: string,
    listed: readonly { number: number; etag: string }[],
    request: { readonly headers: Headers; readonly user: S3User },
  ): string {
    const before = this.#completed.get(id);
    if (before !== undefined && this.rules.manner !== 'strict') return before;

    if (this.rules.manner === 'ceph' && !this.uploads.has(id)) {
      throw new S3Refusal(500, 'InternalError');
    }

    const upload = this.upload(key, id);
    const parts = this.#chosenParts(upload, listed);
    const condition =
      this.rules.manner === 'ceph'
        ? undefined
        : request.headers['if-none-match'];
    // Ceph takes no lock from the request that begins an upload.
    const headers = this.rules.manner === 'ceph' ? {} : upload.headers;

    const digests = parts.map((part) => Buffer.from(part.etag, 'hex'));
    const etag = `${md5(Buffer.concat(digests))}-${String(parts.length)}`;
    this.#store(
      key,
      { bytes: Buffer.concat(parts.map(({ bytes }) => bytes)), etag },
      { ...headers, 'if-none-match': condition },
      request.user,
    );
    this.uploads.delete(id);
    this.#completed.set(id, etag);
    // Ceph says it only when it is asked again.
    return this.rules.manner === 'ceph' ? '' : etag;
  }

  #chosenParts(
    upload: PendingUpload,
    listed: readonly { number: number; etag: string }[],
  ): StoredPart[] {
    if (listed.length === 0) throw new S3Refusal(400, 'MalformedXML');

    return listed.map(({ number, etag }, index) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag) throw new S3Refusal(400, 'InvalidPart');
      const before = listed[index - 1]?.number ?? 0;
      if (number <= before) throw new S3Refusal(400, 'InvalidPartOrder');
      const isLast = index === listed.length - 1;
      if (!isLast && part.bytes.length < this.rules.leastPartBytes) {
        throw new S3Refusal(400, 'EntityTooSmall');
      }

      return part;
    });
  }

  #store(
    key: string,
    { bytes, etag }: StoredPart,
    headers: Headers,
    user: S3User,
  ): string {
    const old = this.current(key);
    if (headers['if-none-match'] === '*' && old) {
      const isSwift = this.rules.manner === 'swift';
      throw new S3Refusal(
        412,
        isSwift ? 'InvalidRequest' : 'PreconditionFailed',
      );
    }

    const { mayNot = [] } = user;
    if (mayNot.includes('put') || (old && mayNot.includes('overwrite'))) {
      throw new S3Refusal(403, 'AccessDenied');
    }

    const until = headers['x-amz-object-lock-retain-until-date'];
    const isLocked = until !== undefined && this.rules.manner !== 'swift';
    const version: StoredVersion = {
      bytes: Buffer.from(bytes),
      etag,
      mtimeMs: this.rules.nowMs(),
      versionId: randomUUID(),
      storageClass: String(headers['x-amz-storage-class'] ?? 'STANDARD'),
      mode: isLocked ? String(headers['x-amz-object-lock-mode']) : undefined,
      untilMs: isLocked ? Date.parse(String(until)) : 0,
    };

    this.versions.set(key, [...(this.versions.get(key) ?? []), version]);
    return etag;
  }
}

export function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
