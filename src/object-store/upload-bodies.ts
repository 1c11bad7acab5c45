import { createHash } from 'node:crypto';
import { escapeXml } from '../platform/xml-text.js';
import type { LockMode, UploadPart } from './object-store.js';

/** Writes what is sent as XML. Pure. */

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** The parts that an upload is completed with. */
export function completionXml(parts: readonly UploadPart[]): Buffer {
  const items = parts.map(
    ({ number, etag }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>"${escapeXml(etag)}"</ETag></Part>`,
  );

  return Buffer.from(
    `<CompleteMultipartUpload xmlns="${NAMESPACE}">${items.join('')}</CompleteMultipartUpload>`,
  );
}

export function retentionXml(mode: LockMode, until: Date): Buffer {
  return Buffer.from(
    `<Retention xmlns="${NAMESPACE}"><Mode>${mode}</Mode><RetainUntilDate>${until.toISOString()}</RetainUntilDate></Retention>`,
  );
}

/** The ETag of an object that was sent in parts: the MD5 of their MD5s, and their number. */
export function etagOfParts(parts: readonly UploadPart[]): string {
  const digests = parts.map(({ etag }) => Buffer.from(etag, 'hex'));
  const digest = createHash('md5').update(Buffer.concat(digests));

  return `${digest.digest('hex')}-${parts.length}`;
}
