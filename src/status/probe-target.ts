/** What an object store can do and what this machine may do there, found out by doing it with objects of a few bytes. */
import { randomUUID } from 'node:crypto';
import { KmsError } from '../errors.js';
import type { ObjectStore } from '../object-store/object-store.js';
import { isRefusal } from '../object-store/object-store-error.js';
import type { Clock } from '../platform/clock.js';
import { plural } from '../platform/units.js';
import { type Check, ok, problem, warning } from './check.js';
import { checkLifecycle, checkServerClock } from './check-bucket.js';

/** Unfinished uploads that are older than that belong to nobody any more. */
const OLD_MS = 7 * 86_400_000;
/** What is locked for a trial is not kept for long. */
const LOCK_MS = 60_000;

export interface ProbeRequest {
  readonly store: ObjectStore;
  /** Archives are to be locked. */
  readonly isRetained: boolean;
  readonly clock: Clock;
}

/** Tries everything that a backup, a rotation and a recover need. Where the bucket cannot be listed, nothing else is tried. */
export async function probeTarget(request: ProbeRequest): Promise<Check[]> {
  const looked = await lookAtTarget(request);
  const [listed] = looked;
  if (listed?.state !== 'ok') return looked;

  const key = `.kms-backup-probe-${randomUUID()}`;
  const written = await checkWriting(request, key);
  if (written.state === 'problem') return [...looked, written];

  return [
    ...looked,
    written,
    await checkOnce(request, key),
    await checkRanges(request, key),
    await checkParts(request, `${key}-parts`),
    await checkRemoval(request, key),
    ...(request.isRetained ? [await checkLock(request, `${key}-lock`)] : []),
  ];
}

/** What can be found out without writing anything: whoever may not remove would leave it there. */
export async function lookAtTarget(request: ProbeRequest): Promise<Check[]> {
  const listed = await checkListing(request);
  if (listed.state === 'problem') return [listed];

  return [
    listed,
    await checkServerClock(request),
    await checkUploads(request),
    ...(await checkLifecycle(request)),
  ];
}

const BYTES = Buffer.from('kms-backup tries what it may do here\n');

async function checkListing({ store }: ProbeRequest): Promise<Check> {
  return tried(
    'list',
    'Grant s3:ListBucket, and look at address and keys.',
    async () => {
      const objects = await store.list();
      return ok(
        'list',
        `${store.name} holds ${plural(objects.length, 'object')}`,
      );
    },
  );
}

function checkWriting({ store }: ProbeRequest, key: string): Promise<Check> {
  return tried('write', 'Grant s3:PutObject.', async () => {
    await store.put(key, BYTES);
    return ok('write', 'objects can be written');
  });
}

/** A name that is given once is what keeps two hosts from one archive. */
async function checkOnce({ store }: ProbeRequest, key: string): Promise<Check> {
  const name = 'one name once';

  try {
    await store.put(key, BYTES, { ifAbsent: true });
  } catch (error) {
    if (isRefusal(error, 'PreconditionFailed')) {
      return ok(name, 'the store refuses to write a name again');
    }

    if (!(error instanceof KmsError)) throw error;
  }

  return warning(
    name,
    'the store writes a name again without a question',
    'Let one host alone write below this prefix.',
  );
}

function checkRanges({ store }: ProbeRequest, key: string): Promise<Check> {
  return tried('read', 'Grant s3:GetObject.', async () => {
    const facts = await store.head(key);
    const range = { offset: 4, length: 6 };
    const { bytes } = await store.get(key, {
      range,
      ...(facts && { ifMatch: facts.etag }),
    });

    return bytes.equals(BYTES.subarray(4, 10))
      ? ok('read', 'ranges of objects can be read')
      : problem(
          'read',
          'the store gives other bytes than were written',
          'Use another store.',
        );
  });
}

function checkParts({ store }: ProbeRequest, key: string): Promise<Check> {
  const advice =
    'Grant s3:AbortMultipartUpload and s3:ListMultipartUploadParts.';

  return tried('parts', advice, async () => {
    const id = await store.beginUpload(key);
    const part = await store.putPart(key, id, 1, BYTES);
    const parts = await store.listParts(key, id);
    await store.abortUpload(key, id);

    return parts.some(({ etag }) => etag === part.etag)
      ? ok('parts', 'large objects can be sent in parts')
      : problem('parts', 'the store does not name the parts it has', advice);
  });
}

function checkUploads({ store, clock }: ProbeRequest): Promise<Check> {
  const name = 'unfinished uploads';

  return tried(name, 'Grant s3:ListBucketMultipartUploads.', async () => {
    const limit = clock().getTime() - OLD_MS;
    const uploads = await store.listUploads();
    const old = uploads.filter(({ startedMs }) => startedMs < limit);

    return old.length === 0
      ? ok(name, 'none that nobody will finish')
      : warning(
          name,
          `${plural(old.length, 'upload')} of more than a week ago, which cost money`,
          'Set a lifecycle rule: AbortIncompleteMultipartUpload after 7 days.',
        );
  });
}

/** Both answers are good ones; whoever sets it up must know which. */
async function checkRemoval(
  { store }: ProbeRequest,
  key: string,
): Promise<Check> {
  const name = 'remove';

  try {
    await store.remove(key);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return ok(
      name,
      'this machine may remove nothing: let another one rotate, with keys of its own',
    );
  }

  return ok(
    name,
    'this machine may remove archives: rotation works, and who steals its keys can do it too',
  );
}

function checkLock(
  { store, clock }: ProbeRequest,
  key: string,
): Promise<Check> {
  const advice =
    'Make the bucket with Object Lock and grant s3:PutObjectRetention, or take out retention.';

  return tried('lock', advice, async () => {
    const until = new Date(clock().getTime() + LOCK_MS);
    await store.put(key, BYTES, { lock: { mode: 'GOVERNANCE', until } });
    if (!(await store.head(key))?.lockedUntil) {
      await store.lockUntil(key, 'GOVERNANCE', until);
    }

    const facts = await store.head(key);
    await store.remove(key).catch(() => undefined);

    return facts?.lockedUntil
      ? ok('lock', 'what is put there can be locked')
      : problem(
          'lock',
          'the store overlooks that objects are to be locked',
          advice,
        );
  });
}

/** A refusal is a finding. */
async function tried(
  name: string,
  advice: string,
  work: () => Promise<Check>,
): Promise<Check> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return problem(name, error.message, error.hints[0] ?? advice);
  }
}
