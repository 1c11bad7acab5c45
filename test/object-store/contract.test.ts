import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ObjectStore } from '../../src/object-store/object-store.js';
import { openObjectStore } from '../../src/object-store/open-object-store.js';
import { startBucket } from '../helpers/open-store.js';
import { makeRealBucket, REAL_S3 } from '../helpers/real-s3.js';

/** What every server must give, and what it may leave out. */
interface Abilities {
  readonly conditionalPut: boolean;
  readonly conditionalComplete: boolean;
  readonly locks: boolean;
  readonly locksParts: boolean;
}

const ALL: Abilities = {
  conditionalPut: true,
  conditionalComplete: true,
  locks: true,
  locksParts: true,
};

const PART = 5 << 20;

/** Each test has a bucket, or a prefix, of its own. */
function contract(
  abilities: Abilities,
  open: (hasLocks?: boolean) => Promise<ObjectStore>,
): void {
  it('gives back what was stored, whole and in ranges, under any name', async () => {
    const store = await open();
    const key = `F20261125T212044Z 'ü' +&=(1)*!~.zip`;
    const bytes = randomBytes(70_000);
    const { etag } = await store.put(key, bytes);

    const whole = await store.get(key);
    expect(whole.bytes.equals(bytes)).toBe(true);
    expect(whole).toMatchObject({ etag, sizeBytes: 70_000 });

    const middle = await store.get(key, {
      range: { offset: 1000, length: 66_000 },
      ifMatch: etag,
    });
    expect(middle.bytes.equals(bytes.subarray(1000, 67_000))).toBe(true);
    expect(middle.sizeBytes).toBe(70_000);

    const tail = await store.get(key, { range: { last: 22 } });
    expect(tail.bytes.equals(bytes.subarray(-22))).toBe(true);

    const rest = await store.get(key, {
      range: { offset: 69_990, length: 100 },
    });
    expect(rest.bytes.equals(bytes.subarray(69_990))).toBe(true);

    const all = await store.get(key, { range: { last: 100_000 } });
    expect(all.bytes.equals(bytes)).toBe(true);
  });

  it('keeps an object without a byte', async () => {
    const store = await open();
    await store.put('empty', Buffer.alloc(0));

    expect((await store.get('empty')).bytes).toHaveLength(0);
    expect(await store.head('empty')).toMatchObject({ sizeBytes: 0 });
    const tail = await store.get('empty', { range: { last: 22 } });
    expect(tail).toMatchObject({ bytes: Buffer.alloc(0), sizeBytes: 0 });
  });

  it('says the same of an object by head, list and get', async () => {
    const store = await open();
    await store.put('a.zip', randomBytes(1000));

    const head = await store.head('a.zip');
    const { bytes, ...got } = await store.get('a.zip');
    expect(head).toEqual({ key: 'a.zip', ...got });
    expect(bytes).toHaveLength(1000);
    expect(await store.list()).toEqual([
      expect.objectContaining({ key: 'a.zip', sizeBytes: 1000 }),
    ]);
    expect(Math.abs((head?.mtimeMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('lists what begins with a prefix, and nothing below a slash', async () => {
    const store = await open();
    for (const key of ['F1.zip', 'F1.1.zip', 'F2.zip', 'sub/F1.zip']) {
      await store.put(key, Buffer.from(key));
    }

    const keys = (await store.list('F1')).map(({ key }) => key);
    expect(keys.sort()).toEqual(['F1.1.zip', 'F1.zip']);
    const all = (await store.list()).map(({ key }) => key);
    expect(all.sort()).toEqual(['F1.1.zip', 'F1.zip', 'F2.zip']);
  });

  it('says that there is no object, in the words of each call', async () => {
    const store = await open();

    expect(await store.head('no')).toBeUndefined();
    await expect(store.get('no')).rejects.toMatchObject({
      reason: 'NoSuchKey',
      exitCode: 10,
    });
    await store.remove('no');
  });

  it('refuses a range behind the end, and an object that was replaced', async () => {
    const store = await open();
    const { etag } = await store.put('a', Buffer.from('12345'));
    await expect(
      store.get('a', { range: { offset: 5, length: 1 } }),
    ).rejects.toMatchObject({ reason: 'InvalidRange' });

    await store.put('a', Buffer.from('67890'));
    await expect(
      store.get('a', { range: { offset: 0, length: 2 }, ifMatch: etag }),
    ).rejects.toMatchObject({ reason: 'PreconditionFailed', exitCode: 1 });
  });

  it('stores over nothing where it must not, or says that it cannot tell', async () => {
    const store = await open();
    if (!abilities.conditionalPut) {
      await expect(
        store.put('a', Buffer.from('1'), { ifAbsent: true }),
      ).rejects.toMatchObject({ reason: 'NotImplemented' });
      return;
    }

    await store.put('a', Buffer.from('1'), { ifAbsent: true });
    await expect(
      store.put('a', Buffer.from('2'), { ifAbsent: true }),
    ).rejects.toMatchObject({ reason: 'PreconditionFailed' });
    expect((await store.get('a')).bytes.toString()).toBe('1');
  });

  it('shows nothing of an upload before it is complete, and all of it then', async () => {
    const store = await open();
    const id = await store.beginUpload('v.zip');
    const bytes = randomBytes(2 * PART + 100);
    const parts = await Promise.all(
      [1, 2, 3].map((number) =>
        store.putPart(
          'v.zip',
          id,
          number,
          bytes.subarray((number - 1) * PART, number * PART),
        ),
      ),
    );

    expect(await store.head('v.zip')).toBeUndefined();
    expect(await store.list()).toEqual([]);
    expect(await store.listParts('v.zip', id)).toEqual(parts);
    const { etag } = await store.completeUpload('v.zip', id, parts);
    expect(await store.head('v.zip')).toMatchObject({
      sizeBytes: bytes.length,
      etag,
    });
    const seam = { offset: PART - 10, length: 20 };
    const { bytes: across } = await store.get('v.zip', { range: seam });
    expect(across.equals(bytes.subarray(PART - 10, PART + 10))).toBe(true);
    expect(await store.listUploads()).toEqual([]);
  });

  it('completes once, however often it is asked', async () => {
    const store = await open();
    const id = await store.beginUpload('v.zip');
    const part = await store.putPart('v.zip', id, 1, Buffer.from('all'));
    const first = await store.completeUpload('v.zip', id, [part]);

    expect(await store.completeUpload('v.zip', id, [part])).toEqual(first);
    expect((await store.get('v.zip')).bytes.toString()).toBe('all');
  });

  it('completes over another object only where it may', async () => {
    const store = await open();
    await store.put('v.zip', Buffer.from('old'));
    const id = await store.beginUpload('v.zip');
    const part = await store.putPart('v.zip', id, 1, Buffer.from('new'));
    const completed = store.completeUpload('v.zip', id, [part], {
      ifAbsent: true,
    });

    if (abilities.conditionalComplete) {
      await expect(completed).rejects.toMatchObject({
        reason: 'PreconditionFailed',
      });
    } else {
      await completed;
    }

    const kept = abilities.conditionalComplete ? 'old' : 'new';
    expect((await store.get('v.zip')).bytes.toString()).toBe(kept);
  });

  it('lists uploads and drops them', async () => {
    const store = await open();
    const id = await store.beginUpload('v.zip');
    await store.putPart('v.zip', id, 1, Buffer.from('x'));

    const [upload, ...others] = await store.listUploads('v');
    expect(upload).toMatchObject({ key: 'v.zip', uploadId: id });
    expect(Math.abs((upload?.startedMs ?? 0) - Date.now())).toBeLessThan(
      60_000,
    );
    expect(others).toEqual([]);

    await store.abortUpload('v.zip', id);
    await store.abortUpload('v.zip', id);
    expect(await store.listUploads()).toEqual([]);
    await expect(
      store.completeUpload('v.zip', id, [
        { number: 1, etag: '9dd4e461268c8034f5c8564e155c67a6', sizeBytes: 1 },
      ]),
    ).rejects.toMatchObject({ reason: 'NoSuchUpload' });
  });

  it('refuses a part that is too small, and one that was never sent', async () => {
    const store = await open();
    const id = await store.beginUpload('v.zip');
    const small = await store.putPart('v.zip', id, 1, Buffer.from('x'));
    const last = await store.putPart('v.zip', id, 2, Buffer.from('y'));

    await expect(
      store.completeUpload('v.zip', id, [small, last]),
    ).rejects.toMatchObject({ reason: 'EntityTooSmall' });
    await expect(
      store.completeUpload('v.zip', id, [{ ...small, number: 3 }]),
    ).rejects.toMatchObject({ reason: 'InvalidPart' });
    expect(await store.head('v.zip')).toBeUndefined();
  });

  it('removes', async () => {
    const store = await open();
    await store.put('a', Buffer.from('1'));
    await store.remove('a');

    expect(await store.head('a')).toBeUndefined();
    expect(await store.list()).toEqual([]);
  });

  it('locks what it stores, and what is there, where the server can', async () => {
    if (!abilities.locks) return;
    const store = await open(true);
    const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000);

    await store.put('a', Buffer.from('1'), {
      lock: { mode: 'GOVERNANCE', until },
    });
    expect(await store.head('a')).toMatchObject({
      lockMode: 'GOVERNANCE',
      lockedUntil: until,
    });

    const id = await store.beginUpload('v', {
      lock: { mode: 'GOVERNANCE', until },
    });
    const part = await store.putPart('v', id, 1, Buffer.from('1'));
    await store.completeUpload('v', id, [part]);
    const isLocked = (await store.head('v'))?.lockedUntil !== undefined;
    expect(isLocked).toBe(abilities.locksParts);

    const later = new Date(until.getTime() + 60_000);
    await store.lockUntil('v', 'GOVERNANCE', later);
    expect(await store.head('v')).toMatchObject({ lockedUntil: later });
  });
}

describe('an object store', () => {
  describe('that heeds everything', () => {
    contract(ALL, async () => (await startBucket()).open());
  });

  describe('like Ceph', () => {
    contract(
      { ...ALL, conditionalComplete: false, locksParts: false },
      async (hasVersions = false) =>
        (await startBucket({ manner: 'ceph', hasVersions })).open(),
    );
  });

  describe('like Swift', () => {
    contract(
      { ...ALL, conditionalPut: false, locks: false, locksParts: false },
      async () => (await startBucket({ manner: 'swift' })).open(),
    );
  });

  describe.skipIf(!REAL_S3)('that runs elsewhere (KMS_TEST_S3_URL)', () => {
    const isSwift = REAL_S3?.manner === 'swift';
    const isCeph = REAL_S3?.manner === 'ceph';

    contract(
      {
        conditionalPut: !isSwift,
        conditionalComplete: !isCeph,
        locks: !isSwift,
        locksParts: !isSwift && !isCeph,
      },
      async (hasLocks) => {
        const store = openObjectStore(await makeRealBucket(hasLocks), {
          env: REAL_S3?.env ?? {},
        });
        onTestFinished(() => {
          store.close();
        });
        return store;
      },
    );
  });
});
