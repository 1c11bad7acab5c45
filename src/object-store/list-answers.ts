import { type AnswerElement, plainEtag } from './answer-xml.js';
import type {
  ObjectFacts,
  UnfinishedUpload,
  UploadPart,
} from './object-store.js';

/** Reads the lists that servers answer, page by page. Pure; undefined where a page is not what S3 says. */

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Parameters of the request for the next page; undefined: it was the last. */
  readonly next: Readonly<Record<string, string>> | undefined;
}

/** Keys have the prefix of the target still. */
export function objectsPage(
  root: AnswerElement,
): Page<ObjectFacts> | undefined {
  if (root.name !== 'ListBucketResult') return undefined;

  const isEncoded = root.text('EncodingType') === 'url';

  return pageOf(
    root,
    root.all('Contents').map((item) => objectOf(item, isEncoded)),
    { 'continuation-token': root.text('NextContinuationToken') },
  );
}

function objectOf(
  item: AnswerElement,
  isEncoded: boolean,
): ObjectFacts | undefined {
  const key = item.text('Key');
  const sizeBytes = numberOf(item.text('Size'));
  const mtimeMs = Date.parse(item.text('LastModified') ?? '');
  const storageClass = item.text('StorageClass') ?? 'STANDARD';
  if (key === undefined || sizeBytes === undefined) return undefined;

  return {
    key: isEncoded ? decoded(key) : key,
    sizeBytes,
    etag: plainEtag(item.text('ETag')),
    // As HEAD says it: whole seconds.
    mtimeMs: Math.floor(mtimeMs / 1000) * 1000,
    ...(storageClass !== 'STANDARD' && { storageClass }),
  };
}

/** Keys have the prefix of the target still. */
export function uploadsPage(
  root: AnswerElement,
): Page<UnfinishedUpload> | undefined {
  if (root.name !== 'ListMultipartUploadsResult') return undefined;

  return pageOf(root, root.all('Upload').map(uploadOf), {
    'key-marker': root.text('NextKeyMarker'),
    'upload-id-marker': root.text('NextUploadIdMarker'),
  });
}

function uploadOf(item: AnswerElement): UnfinishedUpload | undefined {
  const key = item.text('Key');
  const uploadId = item.text('UploadId');
  const startedMs = Date.parse(item.text('Initiated') ?? '');

  return key === undefined || uploadId === undefined
    ? undefined
    : { key, uploadId, startedMs };
}

export function partsPage(root: AnswerElement): Page<UploadPart> | undefined {
  if (root.name !== 'ListPartsResult') return undefined;

  return pageOf(root, root.all('Part').map(partOf), {
    'part-number-marker': root.text('NextPartNumberMarker'),
  });
}

function partOf(item: AnswerElement): UploadPart | undefined {
  const number = numberOf(item.text('PartNumber'));
  const sizeBytes = numberOf(item.text('Size'));
  const etag = plainEtag(item.text('ETag'));

  return number === undefined || sizeBytes === undefined
    ? undefined
    : { number, sizeBytes, etag };
}

function pageOf<T>(
  root: AnswerElement,
  items: readonly (T | undefined)[],
  markers: Readonly<Record<string, string | undefined>>,
): Page<T> | undefined {
  const isMore = root.text('IsTruncated') === 'true';
  const given = Object.entries(markers).filter(
    (marker): marker is [string, string] => (marker[1] ?? '') !== '',
  );
  const isWhole = items.every((item) => item !== undefined);
  if (!isWhole || (isMore && given.length === 0)) return undefined;

  return { items, next: isMore ? Object.fromEntries(given) : undefined };
}

function numberOf(text: string | undefined): number | undefined {
  return /^\d{1,15}$/.test(text ?? '') ? Number(text) : undefined;
}

/** A `+` of the key itself comes as `%2B`. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}
