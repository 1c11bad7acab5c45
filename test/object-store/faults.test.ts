import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ObjectStore } from '../../src/object-store/object-store.js';
import { errorOf, SHORT_LIMITS, startBucket } from '../helpers/open-store.js';
import type { S3Fault } from '../helpers/s3-server.js';

const BYTES = randomBytes(100_000);

/** Every act of a store, each with what it leaves. */
const ACTS: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> =
  {
    put: (store) => store.put('new', BYTES, { ifAbsent: true }),
    get: async (store) => (await store.get('old')).bytes.equals(BYTES),
    range: async (store) => {
      const range = { offset: 500, length: 50_000 };
      const { bytes } = await store.get('old', { range });
      return bytes.equals(BYTES.subarray(500, 50_500));
    },
    head: async (store) => (await store.head('old'))?.sizeBytes,
    list: async (store) => (await store.list()).map(({ key }) => key),
    remove: (store) => store.remove('old'),
    upload: async (store) => {
      const id = await store.beginUpload('parts');
      const parts = [await store.putPart('parts', id, 1, BYTES)];
      expect(await store.listParts('parts', id)).toEqual(parts);
      return store.completeUpload('parts', id, parts, { ifAbsent: true });
    },
  };

const FAULTS: readonly S3Fault['does'][] = [
  'reset',
  'lose',
  'hang',
  'lose-hang',
  'cut',
  'slow',
  { status: 500, code: 'InternalError' },
  { status: 503, code: 'SlowDown' },
  { status: 400, code: 'RequestTimeout' },
  { status: 429, code: 'TooManyRequests' },
];

const nameOf = (does: S3Fault['does']): string =>
  typeof does === 'object' ? does.code : does;

describe('a fault of one request', () => {
  it.each([
    ...FAULTS.map((does) => [nameOf(does), 'strict', does] as const),
    ['lose', 'ceph', 'lose'],
    ['InternalError', 'ceph', { status: 500, code: 'InternalError' }],
  ] as const)('is not noticed by any call: %s, %s', async (_, manner, does) => {
    for (const act of Object.values(ACTS)) {
      const { server, open } = await startBucket({ manner });
      const limits = { ...SHORT_LIMITS, idleMs: 150 };
      const store = open({}, { env: server.env, limits });
      await store.put('old', BYTES);
      server.requests.length = 0;
      const expected = await act(store);
      const count = server.requests.length;

      for (let number = 1; number <= count; number++) {
        await store.put('old', BYTES);
        await store.remove('new');
        await store.remove('parts');
        server.requests.length = 0;
        server.faults.push({ at: number, does });
        expect(await act(store)).toEqual(expected);
        expect(server.faults).toEqual([]);
      }
    }
  });

  it('is found where a bit of a whole object flips on its way', async () => {
    const { server, open } = await startBucket();
    const store = open();
    await store.put('old', BYTES);
    server.faults.push({ method: 'GET', does: 'flip' });

    expect((await store.get('old')).bytes.equals(BYTES)).toBe(true);
    expect(
      server.requests.filter(({ method }) => method === 'GET'),
    ).toHaveLength(2);
  });
});

describe('a call whose answer was lost', () => {
  it('does not take what another stored for its own', async () => {
    const { server, open } = await startBucket();
    const store = open();
    server.faults.push({
      method: 'PUT',
      does: { status: 500, code: 'InternalError' },
    });
    server.bucket.put(
      'host 1/seal',
      Buffer.from('of another'),
      {},
      { secret: '' },
    );

    const error = await errorOf(
      store.put('seal', Buffer.from('of ours'), { ifAbsent: true }),
    );
    expect(error).toMatchObject({
      reason: 'PreconditionFailed',
      mayBeDone: true,
    });
  });

  it('does not take another upload for its own', async () => {
    const { server, open } = await startBucket();
    const store = open();
    const id = await store.beginUpload('v');
    const part = await store.putPart('v', id, 1, Buffer.from('ours'));
    server.bucket.uploads.delete(id);
    server.bucket.put('host 1/v', Buffer.from('else'), {}, { secret: '' });

    await expect(store.completeUpload('v', id, [part])).rejects.toMatchObject({
      reason: 'NoSuchUpload',
    });
  });
});

describe('patience', () => {
  it('ends with the last refusal, and says that it may be done', async () => {
    const { server, open } = await startBucket();
    const limits = { ...SHORT_LIMITS, patienceMs: 300 };
    const store = open({}, { env: server.env, limits });
    server.faults.push({
      does: { status: 503, code: 'SlowDown' },
      times: 1000,
    });

    expect(await errorOf(store.put('a', BYTES))).toMatchObject({
      reason: 'SlowDown',
      status: 503,
      exitCode: 1,
      mayBeDone: true,
    });
    expect(server.requests.length).toBeGreaterThan(3);
  });

  it('is short where nobody listens, and nothing was done', async () => {
    const { server, open } = await startBucket();
    const limits = { ...SHORT_LIMITS, firstPatienceMs: 300 };
    const store = open(
      { endpoint: 'http://127.0.0.1:9' },
      { limits, env: server.env },
    );
    const startMs = performance.now();

    expect(await errorOf(store.list())).toMatchObject({
      reason: 'Unreachable',
      mayBeDone: false,
      exitCode: 1,
    });
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  it('is none for what no further try would change', async () => {
    const { server, open } = await startBucket();
    server.faults.push({ does: { status: 403, code: 'AccessDenied' } });

    await expect(open().list()).rejects.toMatchObject({
      reason: 'AccessDenied',
      hints: [expect.stringContaining('right')],
    });
    expect(server.requests).toHaveLength(1);
  });

  it('ends with the store', async () => {
    const { server, open } = await startBucket();
    const store = open();
    server.faults.push({ does: 'hang', times: 1000 });
    const listed = errorOf(store.list());
    setTimeout(() => {
      store.close();
    }, 50);

    expect((await listed).message).toContain('was ended');
  });
});

describe('an answer that cannot be believed', () => {
  it('is refused where it says 200 and has an error in it', async () => {
    const { server, open } = await startBucket();
    const store = open();
    const id = await store.beginUpload('v');
    const part = await store.putPart('v', id, 1, BYTES);
    server.faults.push({
      method: 'POST',
      does: { status: 200, code: 'InternalError' },
    });

    await store.completeUpload('v', id, [part]);
    expect((await store.get('v')).bytes.equals(BYTES)).toBe(true);
  });

  it('is refused where the server overlooks the range', async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.writeHead(200, { etag: '"x"' }).end(BYTES);
    });
    await new Promise<void>((resolve) =>
      server.listen(0, '127.0.0.1', resolve),
    );
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const { open } = await startBucket();
    const store = open({ endpoint: `http://127.0.0.1:${String(port)}` });

    for (const length of [1000, BYTES.length]) {
      asked = 0;
      const range = { offset: 10, length };
      await expect(store.get('a', { range })).rejects.toMatchObject({
        reason: 'BadAnswer',
      });
      expect(asked).toBe(4);
    }
  });

  it('is only a page where the list goes on', async () => {
    const { server, open } = await startBucket({ pageSize: 3 });
    const store = open();
    for (let number = 0; number < 10; number++) {
      await store.put(`k${String(number)}`, Buffer.from('x'));
    }

    expect(await store.list()).toHaveLength(10);
    expect(
      server.requests.filter(({ query }) => 'list-type' in query),
    ).toHaveLength(4);
  });
});

describe('many', () => {
  it('objects, uploads and parts are listed in all their pages', async () => {
    const { server, open } = await startBucket();
    const user = { secret: '' };
    for (let number = 0; number < 2_500; number++) {
      const key = `host 1/k ${String(number)}`;
      server.bucket.put(key, Buffer.from('x'), {}, user);
      server.bucket.begin(key, {}, user);
    }

    const store = open();
    const id = await store.beginUpload('v');
    for (let number = 1; number <= 1_200; number++) {
      server.bucket.putPart('host 1/v', id, number, Buffer.from('x'));
    }

    expect(await store.list()).toHaveLength(2_500);
    expect(await store.listUploads()).toHaveLength(2_501);
    expect((await store.listParts('v', id)).at(-1)?.number).toBe(1_200);
  });
});

describe('a clock that is wrong', () => {
  it.each([20, -20])('by %d minutes is made up for', async (minutes) => {
    const { open } = await startBucket({ clockOffsetMs: minutes * 60_000 });
    const store = open();

    expect(await store.head('a')).toBeUndefined();
    await Promise.all([1, 2, 3].map((n) => store.put(`k${String(n)}`, BYTES)));
    expect(await store.list()).toHaveLength(3);
  });

  it('is made up for by calls that begin together', async () => {
    const { open } = await startBucket({ clockOffsetMs: 1_200_000 });
    const store = open();

    await Promise.all([1, 2, 3].map((n) => store.put(`k${String(n)}`, BYTES)));
  });
});

describe('a region that is not known', () => {
  it.each(['named', 'redirect'] as const)(
    'is learnt from the answer (%s)',
    async (wrongRegion) => {
      const { server, open } = await startBucket({
        region: 'eu-central-1',
        wrongRegion,
      });
      const store = open();

      await Promise.all([store.put('a', BYTES), store.put('b', BYTES)]);
      expect(await store.head('a')).toMatchObject({ sizeBytes: BYTES.length });
      server.requests.length = 0;
      await store.list();
      expect(server.requests).toHaveLength(1);
    },
  );
});

describe('a limit of upload', () => {
  it('is kept over all calls', async () => {
    const { open } = await startBucket();
    const store = open({ uploadLimit: 400_000 });
    const startMs = performance.now();

    await Promise.all([store.put('a', BYTES), store.put('b', BYTES)]);
    expect(performance.now() - startMs).toBeGreaterThan(250);
    expect((await store.get('b')).bytes.equals(BYTES)).toBe(true);
  });
});
