import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { escapeXml } from '../../src/platform/xml-text.js';
import type { S3Bucket } from './s3-bucket.js';
import { S3Refusal, type S3User } from './s3-signature.js';

export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request whose signature was checked. */
export interface S3Asked {
  readonly bucket: S3Bucket;
  readonly key: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly user: S3User;
  readonly pageSize: number;
}

/** Does what a request asks for. @throws {S3Refusal} */
export function answerS3(asked: S3Asked): S3Answer {
  refuseWrongMd5(asked);

  if (asked.key === '') return answerBucket(asked);
  if (asked.query.has('uploads') || asked.query.has('uploadId')) {
    return answerUpload(asked);
  }

  return answerObject(asked);
}

export function refusalXml(refusal: S3Refusal): S3Answer {
  const { code, details, status, headers } = refusal;
  const answer = xml('Error', [
    text('Code', code),
    text('Message', `refused: ${code}`),
    ...Object.entries(details).map(([name, value]) => text(name, value)),
  ]);

  return { ...answer, status, headers: { ...answer.headers, ...headers } };
}

/** Whoever stores must say the MD5 of the bytes. */
function refuseWrongMd5({ method, headers, body, query }: S3Asked): void {
  const isStoring = method === 'PUT' || query.has('uploadId');
  const sum = headers['content-md5'];
  if (isStoring && body.length > 0 && sum === undefined) {
    throw new S3Refusal(400, 'InvalidRequest');
  }

  const actual = createHash('md5').update(body).digest('base64');
  if (sum !== undefined && sum !== actual) {
    throw new S3Refusal(400, 'BadDigest');
  }
}

function answerBucket(asked: S3Asked): S3Answer {
  if (asked.method === 'HEAD') return empty(200);
  if (asked.method !== 'GET') throw new S3Refusal(405, 'MethodNotAllowed');
  if (asked.user.mayNot?.includes('list')) {
    throw new S3Refusal(403, 'AccessDenied');
  }

  if (asked.query.has('lifecycle')) return readLifecycle(asked);

  return asked.query.has('uploads') ? listUploads(asked) : listObjects(asked);
}

function readLifecycle({ bucket }: S3Asked): S3Answer {
  const { lifecycle } = bucket;
  if (lifecycle === undefined) {
    throw new S3Refusal(404, 'NoSuchLifecycleConfiguration');
  }

  return { status: 200, headers: {}, body: Buffer.from(lifecycle) };
}

function listObjects({ bucket, query, pageSize }: S3Asked): S3Answer {
  if (query.get('list-type') !== '2') {
    throw new S3Refusal(400, 'InvalidRequest');
  }

  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token') ?? '';
  const after = Buffer.from(token, 'base64url').toString();
  const isUrl = query.get('encoding-type') === 'url';
  const shown = (key: string): string =>
    isUrl ? encodeURIComponent(key) : key;

  const keys = bucket
    .keys()
    .filter((key) => key.startsWith(prefix) && key > after)
    .filter(
      (key) =>
        delimiter === '' || !key.slice(prefix.length).includes(delimiter),
    );
  const page = keys.slice(0, pageSize);
  const isMore = keys.length > page.length;

  return xml('ListBucketResult', [
    text('IsTruncated', String(isMore)),
    ...(isUrl ? [text('EncodingType', 'url')] : []),
    ...(isMore
      ? [
          text(
            'NextContinuationToken',
            Buffer.from(page.at(-1) ?? '').toString('base64url'),
          ),
        ]
      : []),
    ...page.map((key) => {
      const { bytes, etag, mtimeMs, storageClass } = bucket.find(key);
      return element('Contents', [
        text('Key', shown(key)),
        text('LastModified', new Date(mtimeMs).toISOString()),
        text('ETag', `"${etag}"`),
        text('Size', String(bytes.length)),
        text('StorageClass', storageClass),
      ]);
    }),
  ]);
}

function listUploads({ bucket, query, pageSize }: S3Asked): S3Answer {
  const prefix = query.get('prefix') ?? '';
  const marker = `${query.get('key-marker') ?? ''}\0${query.get('upload-id-marker') ?? ''}`;
  const place = ({ key, id }: { key: string; id: string }): string =>
    `${key}\0${id}`;
  const uploads = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix))
    .filter((upload) => marker === '\0' || place(upload) > marker)
    .sort((a, b) => (place(a) < place(b) ? -1 : 1));
  const page = uploads.slice(0, pageSize);
  const last = page.at(-1);

  return xml('ListMultipartUploadsResult', [
    text('IsTruncated', String(uploads.length > page.length)),
    text('NextKeyMarker', last?.key ?? ''),
    text('NextUploadIdMarker', last?.id ?? ''),
    ...page.map(({ key, id, startedMs }) =>
      element('Upload', [
        text('Key', key),
        text('UploadId', id),
        text('Initiated', new Date(startedMs).toISOString()),
      ]),
    ),
  ]);
}

function answerUpload(asked: S3Asked): S3Answer {
  const { bucket, key, method, query, headers, body, user } = asked;
  const id = query.get('uploadId') ?? '';

  if (method === 'POST' && query.has('uploads')) {
    return xml('InitiateMultipartUploadResult', [
      text('Key', key),
      text('UploadId', bucket.begin(key, headers, user)),
    ]);
  }

  if (method === 'PUT') {
    const number = Number(query.get('partNumber'));
    return empty(200, {
      etag: `"${bucket.putPart(key, id, number, body)}"`,
    });
  }

  if (method === 'POST') {
    const etag = bucket.complete(key, id, listedParts(body), { headers, user });
    return xml('CompleteMultipartUploadResult', [
      text('Key', key),
      text('ETag', etag === '' ? '' : `"${etag}"`),
    ]);
  }

  if (method === 'GET') return listParts(asked, id);
  bucket.upload(key, id);
  bucket.uploads.delete(id);
  return empty(204);
}

function listedParts(body: Buffer): { number: number; etag: string }[] {
  return [
    ...body
      .toString()
      .matchAll(
        /<Part><PartNumber>(\d+)<\/PartNumber><ETag>"([^"<]+)"<\/ETag><\/Part>/g,
      ),
  ].map(([, number, etag]) => ({ number: Number(number), etag: etag ?? '' }));
}

function listParts(
  { bucket, key, query, pageSize }: S3Asked,
  id: string,
): S3Answer {
  const after = Number(query.get('part-number-marker') ?? 0);
  const parts = [...bucket.partsOf(key, id)]
    .filter(([number]) => number > after)
    .sort(([a], [b]) => a - b);
  const page = parts.slice(0, pageSize);

  return xml('ListPartsResult', [
    text('IsTruncated', String(parts.length > page.length)),
    text('NextPartNumberMarker', String(page.at(-1)?.[0] ?? after)),
    ...page.map(([number, { bytes, etag }]) =>
      element('Part', [
        text('PartNumber', String(number)),
        text('ETag', `"${etag}"`),
        text('Size', String(bytes.length)),
      ]),
    ),
  ]);
}

function answerObject(asked: S3Asked): S3Answer {
  const { bucket, key, method, query, headers, body, user } = asked;

  if (method === 'PUT' && query.has('retention')) {
    const words = body.toString();
    const mode = /<Mode>(\w+)<\/Mode>/.exec(words)?.[1] ?? '';
    const until = /<RetainUntilDate>([^<]+)</.exec(words)?.[1] ?? '';
    bucket.lock(key, mode, Date.parse(until));
    return empty(200);
  }

  if (method === 'PUT') {
    return empty(200, { etag: `"${bucket.put(key, body, headers, user)}"` });
  }

  if (method === 'DELETE') {
    bucket.remove(key, user);
    return empty(204);
  }

  return readObject(asked);
}

function readObject({ bucket, key, method, headers }: S3Asked): S3Answer {
  const version = bucket.find(key);
  const { bytes, etag } = version;
  if ((headers['if-match'] ?? `"${etag}"`) !== `"${etag}"`) {
    throw new S3Refusal(412, 'PreconditionFailed');
  }

  if (
    /^(GLACIER|DEEP_ARCHIVE)$/.test(version.storageClass) &&
    method === 'GET'
  ) {
    throw new S3Refusal(403, 'InvalidObjectState');
  }

  const facts = {
    etag: `"${etag}"`,
    'last-modified': new Date(version.mtimeMs).toUTCString(),
    ...(version.storageClass !== 'STANDARD' && {
      'x-amz-storage-class': version.storageClass,
    }),
    ...(version.mode !== undefined && {
      'x-amz-object-lock-mode': version.mode,
      'x-amz-object-lock-retain-until-date': new Date(
        version.untilMs,
      ).toISOString(),
    }),
  };

  if (method === 'HEAD') {
    return empty(200, { ...facts, 'content-length': String(bytes.length) });
  }

  const range = rangeOf(headers.range, bytes.length);
  if (!range) return { status: 200, headers: facts, body: bytes };
  const [from, end] = range;

  return {
    status: 206,
    headers: {
      ...facts,
      'content-range': `bytes ${String(from)}-${String(end - 1)}/${String(bytes.length)}`,
    },
    body: bytes.subarray(from, end),
  };
}

function rangeOf(
  header: string | undefined,
  sizeBytes: number,
): [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  const start =
    from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end =
    from === '' || to === '' ? sizeBytes : Math.min(sizeBytes, Number(to) + 1);
  if (start >= sizeBytes) throw new S3Refusal(416, 'InvalidRange');
  return [start, end];
}

function empty(status: number, headers: Record<string, string> = {}): S3Answer {
  return { status, headers, body: Buffer.alloc(0) };
}

function xml(root: string, children: readonly string[]): S3Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(
      `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${children.join('')}</${root}>`,
    ),
  };
}

function element(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

function text(name: string, value: string): string {
  return element(name, [escapeXml(value)]);
}
