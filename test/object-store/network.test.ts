import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { openObjectStore } from '../../src/object-store/open-object-store.js';
import { proxyFor } from '../../src/object-store/proxy.js';
import { errorOf, startBucket } from '../helpers/open-store.js';

let directory = '';
let tls = { key: '', cert: '' };
let caFile = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kms-tls-'));
  caFile = join(directory, 'cert.pem');
  const key = join(directory, 'key.pem');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt'],
      ...['ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', caFile, '-subj', '/CN=kms-test'],
      '-addext',
      'subjectAltName=IP:127.0.0.1,DNS:mail-backup.s3.eu-west-1.amazonaws.com',
    ],
    { stdio: 'ignore' },
  );
  tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(caFile, 'utf8') };
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface Proxy {
  readonly port: number;
  /** `host:port` of each tunnel that was asked for. */
  readonly asked: string[];
}

/** A proxy that leads every tunnel to one port of this machine. */
async function startProxy(toPort: number, login?: string): Promise<Proxy> {
  const asked: string[] = [];
  const server: Server = createServer();
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const given = request.headers['proxy-authorization'] ?? '';
    const isLoggedIn =
      login === undefined ||
      Buffer.from(given.replace('Basic ', ''), 'base64').toString() === login;
    if (!isLoggedIn) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }

    const upstream = connect(toPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

describe('a server with a certificate', () => {
  it('of its own is believed where the file is named', async () => {
    const { open } = await startBucket({ tls });
    const store = open({ caFile });

    await store.put('a', Buffer.alloc(3_000_000, 'x'));
    expect((await store.get('a')).bytes).toHaveLength(3_000_000);
    const { bytes } = await store.get('a', { range: { last: 5 } });
    expect(bytes.toString()).toBe('xxxxx');
  });

  it('that nobody believes is refused at once', async () => {
    const { open } = await startBucket({ tls });

    expect(await errorOf(open().list())).toMatchObject({
      reason: 'NotTrusted',
      mayBeDone: false,
      exitCode: 1,
    });
  });

  it('is believed by NODE_EXTRA_CA_CERTS beside another file', async () => {
    const { server, open } = await startBucket({ tls });
    const store = open(
      { caFile: '/dev/null' },
      { env: { ...server.env, NODE_EXTRA_CA_CERTS: caFile } },
    );

    expect(await store.list()).toEqual([]);
  });

  it('is not asked where the file of certificates cannot be read', async () => {
    const { open } = await startBucket({ tls });

    expect(() => open({ caFile: join(directory, 'no.pem') })).toThrow(
      'cannot read the file of certificates',
    );
  });
});

describe('a proxy', () => {
  it('leads to AWS, with the bucket in the name of the host', async () => {
    const { server } = await startBucket({ tls, region: 'eu-west-1' });
    const proxy = await startProxy(
      Number(new URL(server.endpoint).port),
      'user:p@ss',
    );
    const target = {
      bucket: server.bucketName,
      prefix: '',
      region: 'eu-west-1',
      caFile,
    };
    const env = {
      ...server.env,
      HTTPS_PROXY: `http://user:p%40ss@127.0.0.1:${String(proxy.port)}`,
    };
    const store = openObjectStore(target, { env });
    onTestFinished(() => {
      store.close();
    });

    await store.put('a b', Buffer.from('1'));
    expect((await store.get('a b')).bytes.toString()).toBe('1');
    expect(proxy.asked).toEqual(['mail-backup.s3.eu-west-1.amazonaws.com:443']);
  });

  it('that refuses is named without its password', async () => {
    const { server, open } = await startBucket({ tls });
    const proxy = await startProxy(1, 'user:other');
    const store = open(
      { caFile },
      {
        env: {
          ...server.env,
          https_proxy: `http://user:swordfish@127.0.0.1:${String(proxy.port)}`,
        },
      },
    );

    const error = await errorOf(store.list());
    expect(error.message).toContain('the proxy answers 407');
    expect(error.message).not.toContain('swordfish');
  });

  it.each([
    ['https', 'objects.example.com', {}, undefined],
    [
      'https',
      'objects.example.com',
      { HTTPS_PROXY: 'proxy:3128' },
      'proxy:3128',
    ],
    ['http', 'objects.example.com', { HTTPS_PROXY: 'proxy:3128' }, undefined],
    [
      'https',
      'a.example.com',
      { ALL_PROXY: 'p:1', NO_PROXY: '.example.com' },
      undefined,
    ],
    [
      'https',
      'example.com',
      { ALL_PROXY: 'p:1', NO_PROXY: 'example.com' },
      undefined,
    ],
    [
      'https',
      'badexample.com',
      { ALL_PROXY: 'p:1', NO_PROXY: 'example.com' },
      'p:1',
    ],
    [
      'https',
      '10.1.2.3',
      { ALL_PROXY: 'p:1', NO_PROXY: '10.0.0.0/8' },
      undefined,
    ],
    ['https', '11.1.2.3', { ALL_PROXY: 'p:1', NO_PROXY: '10.0.0.0/8' }, 'p:1'],
    ['https', 'h', { ALL_PROXY: 'p:1', NO_PROXY: 'h:8443' }, 'p:1'],
    ['https', 'h', { ALL_PROXY: 'p:1', NO_PROXY: 'x, h:443' }, undefined],
    ['https', 'h', { ALL_PROXY: 'p:1', no_proxy: '*' }, undefined],
  ] as const)('for %s://%s with %o is %s', (protocol, host, env, expected) => {
    const isSecure = protocol === 'https';
    const proxy = proxyFor(
      { isSecure, host, port: isSecure ? 443 : 80 },
      undefined,
      env,
    );

    expect(proxy?.host).toBe(expected);
  });

  it('that is no address is refused without its password', () => {
    const server = { isSecure: true, host: 'h', port: 443 };

    expect(() => proxyFor(server, 'socks5://u:swordfish@h', {})).toThrow(
      /^the proxy of the target is no address$/,
    );
  });
});
