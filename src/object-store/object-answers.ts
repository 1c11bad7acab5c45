import { createHash } from 'node:crypto';
import { plainEtag } from './answer-xml.js';
import type { HttpAnswer } from './exchange.js';
import type { ByteRange, LockMode, ObjectFacts } from './object-store.js';

/** Reads and checks what servers answer about one object. Pure. */

type Check = (answer: HttpAnswer) => string | undefined;

export function rangeHeader(range: ByteRange): string {
  return 'last' in range
    ? `bytes=-${range.last}`
    : `bytes=${range.offset}-${range.offset + range.length - 1}`;
}

/** The most bytes that a range has. */
export function lengthOf(range: ByteRange): number {
  return 'last' in range ? range.last : range.length;
}

/** Checks that an answer has the bytes of a range: all of them, from the right place, up to its end or the object's. */
export function rangeCheck(range: ByteRange): Check {
  return (answer) => {
    const { status, body } = answer;
    // A server that overlooks the range sends all: right where all was asked for.
    if (status === 200 && isWhole(range, body.length)) return undefined;

    const place = placeOf(answer);
    if (!place) return 'the answer does not say which bytes it has';

    const [start, end] = boundsOf(range, place.total);
    const isAsked = place.start === start && place.end === end;

    return isAsked && body.length === end - start
      ? undefined
      : 'the answer has other bytes than were asked for';
  };
}

/** Where in the object the bytes of an answer are, the end excluded. */
function placeOf({
  headers,
}: HttpAnswer): { start: number; end: number; total: number } | undefined {
  const place = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(
    headers['content-range'] ?? '',
  );
  if (!place) return undefined;

  return {
    start: Number(place[1]),
    end: Number(place[2]) + 1,
    total: Number(place[3]),
  };
}

function isWhole(range: ByteRange, sizeBytes: number): boolean {
  const begins = 'last' in range || range.offset === 0;
  return begins && sizeBytes <= lengthOf(range);
}

/** The range in an object of `total` bytes, its end excluded. */
function boundsOf(range: ByteRange, total: number): [number, number] {
  return 'last' in range
    ? [Math.max(0, total - range.last), total]
    : [range.offset, Math.min(total, range.offset + range.length)];
}

/**
 * Checks a whole object by its ETag, where that is an MD5. Some servers have ETags that only look like one: what comes a second
 * time with the same other digest was not damaged on its way.
 */
export function wholeCheck(): Check {
  let before: string | undefined;

  return ({ headers, body }) => {
    const etag = plainEtag(headers['etag']);
    if (!/^[0-9a-f]{32}$/.test(etag) || hasOtherEtag(headers)) return undefined;

    const digest = createHash('md5').update(body).digest('hex');
    const isKnown = digest === etag || digest === before;
    before = digest;

    return isKnown ? undefined : 'the answer does not have the MD5 it claims';
  };
}

/** What is encrypted by the server with a key of its own has an ETag that is no MD5. */
function hasOtherEtag(headers: HttpAnswer['headers']): boolean {
  return (
    headers['x-amz-server-side-encryption']?.startsWith('aws:kms') === true ||
    headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined
  );
}

/** The size of the whole object, of which an answer may have a range. */
export function wholeSize(answer: HttpAnswer): number {
  return placeOf(answer)?.total ?? answer.body.length;
}

/** What the answer to HEAD says. */
export function factsOf(
  key: string,
  headers: HttpAnswer['headers'],
): ObjectFacts {
  const until = Date.parse(
    headers['x-amz-object-lock-retain-until-date'] ?? '',
  );
  const mode = headers['x-amz-object-lock-mode'];
  const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD';

  return {
    key,
    sizeBytes: Number(headers['content-length']),
    etag: plainEtag(headers['etag']),
    mtimeMs: Date.parse(headers['last-modified'] ?? ''),
    ...(!Number.isNaN(until) && { lockedUntil: new Date(until) }),
    ...(isLockMode(mode) && { lockMode: mode }),
    ...(storageClass !== 'STANDARD' && { storageClass }),
  };
}

export function headCheck({ headers }: HttpAnswer): string | undefined {
  const isSize = /^\d+$/.test(headers['content-length'] ?? '');
  return isSize ? undefined : 'the answer does not say the size';
}

function isLockMode(mode: string | undefined): mode is LockMode {
  return mode === 'GOVERNANCE' || mode === 'COMPLIANCE';
}

/** Checks that an answer to something stored has an ETag. */
export function etagCheck({ headers }: HttpAnswer): string | undefined {
  return plainEtag(headers['etag']) === ''
    ? 'the answer has no ETag'
    : undefined;
}
