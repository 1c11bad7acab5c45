import type { Lifecycle } from './lifecycle.js';

/**
 * An object store that speaks S3, seen from one bucket and prefix. Keys are relative to the prefix; bytes are whole buffers.
 * Every call is repeated where that may help, so that an error is the last word.
 */
export interface ObjectStore {
  /** `s3://bucket/prefix`, for messages. */
  readonly name: string;

  /**
   * Returns an object, or a range of it that ends where the object ends. What comes shorter than announced is asked for again.
   * @throws {ObjectStoreError} `NoSuchKey` · `PreconditionFailed`: it is not the object of `ifMatch` any more ·
   *   `InvalidRange`: it ends before the range begins
   */
  get(key: string, options?: GetOptions): Promise<ObjectBytes>;

  /** Undefined where there is no such object. */
  head(key: string): Promise<ObjectFacts | undefined>;

  /** All objects whose key begins with `prefix`, in all pages; of keys with a `/` behind it, none. */
  list(prefix?: string): Promise<ObjectFacts[]>;

  /**
   * Stores an object; the server compares it with its MD5 and SHA-256 first.
   * @throws {ObjectStoreError} `PreconditionFailed`: `ifAbsent`, and another object is there · `NotImplemented`: the server knows
   *   no `ifAbsent`. Ceph overlooks it in a bucket with versions, and so in one with locks: look with `head` first
   */
  put(key: string, bytes: Buffer, options?: PutOptions): Promise<StoredObject>;

  /** Begins an object that is sent in parts, and stays invisible until it is completed. Returns the id of the upload. */
  beginUpload(key: string, options?: UploadOptions): Promise<string>;

  /** Sends a part, 1 to 10,000; every one but the last has at least 5 MiB. A part may be sent again. */
  putPart(
    key: string,
    uploadId: string,
    number: number,
    bytes: Buffer,
  ): Promise<UploadPart>;

  /**
   * Makes an object of the parts, in this order. An upload that is not there any more counts as completed where the object
   * has the size and the ETag that these parts give.
   * @throws {ObjectStoreError} `PreconditionFailed`: `ifAbsent`, and another object is there. Some servers overlook
   *   `ifAbsent` here, and say nothing · `NoSuchUpload`: it is not there, and neither is its object
   */
  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly UploadPart[],
    options?: { readonly ifAbsent?: boolean },
  ): Promise<StoredObject>;

  /** Drops an upload and its parts; one that is not there is no error. */
  abortUpload(key: string, uploadId: string): Promise<void>;

  /** All uploads that were begun, and neither completed nor dropped. */
  listUploads(prefix?: string): Promise<UnfinishedUpload[]>;

  /** All parts of an upload that the server has. */
  listParts(key: string, uploadId: string): Promise<UploadPart[]>;

  /** Removes an object; one that is not there is no error. A bucket with versions keeps it as an older version. */
  remove(key: string): Promise<void>;

  /** Forbids that the object is removed before `until`; a time that is already later must not become earlier. */
  lockUntil(key: string, mode: LockMode, until: Date): Promise<void>;

  /**
   * The rules by which the server itself removes what lies there; none is set where there are none.
   * @throws {ObjectStoreError} where the server has no such rules, or does not tell
   */
  lifecycle(): Promise<Lifecycle>;

  /** What the server's clock says, to the second; undefined where it does not tell. */
  serverTime(): Promise<Date | undefined>;

  /** Ends all connections, and every call that is under way. */
  close(): void;
}

/** Bytes from an offset, or the last ones. */
export type ByteRange =
  | { readonly offset: number; readonly length: number }
  | { readonly last: number };

export interface GetOptions {
  readonly range?: ByteRange;
  /** The ETag of an earlier look: the same object, or an error. */
  readonly ifMatch?: string;
}

export interface ObjectBytes {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Of the whole object. */
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

export interface ObjectFacts {
  readonly key: string;
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly mtimeMs: number;
  /** Told by `head` alone. */
  readonly lockedUntil?: Date;
  readonly lockMode?: LockMode;
  /** `GLACIER`; not told where it is the ordinary one. */
  readonly storageClass?: string;
}

export type LockMode = 'GOVERNANCE' | 'COMPLIANCE';

/** Options of an object, however it is sent. */
export interface UploadOptions {
  /** Not every server heeds it: `head` says whether the object is locked. */
  readonly lock?: { readonly mode: LockMode; readonly until: Date };
  /** Default: that of the target. */
  readonly storageClass?: string;
}

export interface PutOptions extends UploadOptions {
  /** Store it only where no object has this key. */
  readonly ifAbsent?: boolean;
}

export interface StoredObject {
  readonly etag: string;
}

export interface UploadPart {
  readonly number: number;
  readonly etag: string;
  readonly sizeBytes: number;
}

export interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly startedMs: number;
}

/** Where objects are, and how they are reached: plain data, from which a thread opens the same store. It holds no secret. */
export interface ObjectStoreTarget {
  readonly bucket: string;
  /** Before every key, with its slash: `mail/`; empty: the whole bucket. */
  readonly prefix: string;
  /** `https://objects.example.com:8443`; default: AWS. */
  readonly endpoint?: string;
  /** Default: the environment's, then the profile's, then the one that the server names. */
  readonly region?: string;
  /** The bucket in the path, not in the host's name. Default: yes, where there is an endpoint. */
  readonly pathStyle?: boolean;
  /** A section of the files of AWS's tools. */
  readonly profile?: string;
  /** A file in the format of `~/.aws/credentials`. */
  readonly credentialsFile?: string;
  /** A command line that prints credentials as JSON. */
  readonly credentialProcess?: string;
  /** Certificates in PEM that are believed beside the usual ones. */
  readonly caFile?: string;
  /** `http://proxy.example.com:3128`; default: the environment's. Empty: none. */
  readonly proxy?: string;
  /** A canned list of rights of every object: `bucket-owner-full-control`, where the bucket is another account's. */
  readonly acl?: string;
  /** Of every object whose call names no other. */
  readonly storageClass?: string;
  /** Bytes a second, over all calls of one store; 0: no limit. */
  readonly uploadLimit?: number;
}
