import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  type IncomingMessage,
  type ServerResponse,
  createServer,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { CredentialKeeper } from '../../src/object-store/credentials/credentials.js';
import type { ObjectStoreTarget } from '../../src/object-store/object-store.js';
import { errorOf, startBucket } from '../helpers/open-store.js';

const SECRET = 'Gh7/very+Secret=Key';
const TOKEN = 'FwoGZXIvYXdzE/Token==';
const KEYS = `aws_access_key_id = AKID\naws_secret_access_key = ${SECRET}\n`;

let home = '';

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'kms-credentials-'));
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

let count = 0;

function file(text: string, mode = 0o600): string {
  const path = join(home, `file ${String(++count)}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** Nothing of the machine's own: no files of AWS's tools, no services. */
function bare(): Record<string, string> {
  return { HOME: join(home, 'nobody'), AWS_EC2_METADATA_DISABLED: 'true' };
}

function load(
  target: Partial<ObjectStoreTarget>,
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const whole = { bucket: 'b', prefix: '', ...target };
  return new CredentialKeeper(whole, env).at(Date.now());
}

/** A service of a machine or container that hands out credentials, on 127.0.0.1. */
async function startService(
  answer: (asked: IncomingMessage) => { status?: number; text: string },
): Promise<string> {
  const server = createServer(
    (asked: IncomingMessage, response: ServerResponse) => {
      const { status = 200, text } = answer(asked);
      response.writeHead(status).end(text);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const json = (id: string, expiresMs: number): string =>
  JSON.stringify({
    AccessKeyId: id,
    SecretAccessKey: SECRET,
    Token: TOKEN,
    Expiration: new Date(expiresMs).toISOString(),
  });

describe('credentials', () => {
  it('come from the environment', async () => {
    const env = {
      ...bare(),
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: `${SECRET}\n`,
      AWS_SESSION_TOKEN: TOKEN,
    };

    expect(await load({}, env)).toEqual({
      accessKeyId: 'AKID',
      secretAccessKey: SECRET,
      sessionToken: TOKEN,
    });
  });

  it.each([
    ['a section', `[default]\n${KEYS}`],
    ['no section, comments and blanks', `# ours\n; too\n\n${KEYS}`],
    [
      'the end of lines of Windows',
      `[default]\r\n${KEYS.replaceAll('\n', '\r\n')}`,
    ],
  ])('come from a file that is named, with %s', async (_, text) => {
    expect(await load({ credentialsFile: file(text) }, bare())).toEqual({
      accessKeyId: 'AKID',
      secretAccessKey: SECRET,
    });
  });

  it.skipIf(process.platform === 'win32')(
    'are not taken from a file that others may read',
    async () => {
      const path = file(KEYS, 0o644);

      await expect(load({ credentialsFile: path }, bare())).rejects.toThrow(
        'can be read by other users',
      );
    },
  );

  it('come from the files of AWS, by profile, with settings in two files', async () => {
    const env = {
      ...bare(),
      AWS_SHARED_CREDENTIALS_FILE: file(
        `[default]\naws_access_key_id = X\naws_secret_access_key = Y\n[night run]\n${KEYS}`,
      ),
      AWS_CONFIG_FILE: file('[profile night run]\nregion = eu-north-1\n'),
    };
    const expected = { accessKeyId: 'AKID', secretAccessKey: SECRET };

    expect(await load({ profile: 'night run' }, env)).toEqual(expected);
    expect(await load({}, { ...env, AWS_PROFILE: 'night run' })).toEqual(
      expected,
    );
    expect(await load({}, env)).toMatchObject({ accessKeyId: 'X' });
    await expect(load({ profile: 'other' }, env)).rejects.toThrow(
      'the profile other has no credentials',
    );
  });

  it('that a profile takes from elsewhere are refused with the way out', async () => {
    const env = {
      ...bare(),
      AWS_CONFIG_FILE: file('[profile p]\nsso_session = corp\n'),
    };

    expect(await errorOf(load({ profile: 'p' }, env))).toMatchObject({
      exitCode: 2,
      hints: [expect.stringContaining('export-credentials --profile p')],
    });
  });

  it('come from a program', async () => {
    const script = file(
      `console.log(JSON.stringify({ Version: 1, AccessKeyId: 'AKID', SecretAccessKey: ${JSON.stringify(SECRET)}, SessionToken: 'T', Expiration: '2030-01-01T00:00:00Z' }))`,
    );
    const command = `"${process.execPath}" "${script}"`;
    const expected = {
      accessKeyId: 'AKID',
      secretAccessKey: SECRET,
      sessionToken: 'T',
      expiresMs: Date.UTC(2030, 0, 1),
    };

    expect(await load({ credentialProcess: command }, bare())).toEqual(
      expected,
    );
    const config = file(`[default]\ncredential_process = ${command}\n`);
    expect(await load({}, { ...bare(), AWS_CONFIG_FILE: config })).toEqual(
      expected,
    );
  });

  it('of a program that fails are missed, and what it printed is not shown', async () => {
    const script = file(`console.log('${SECRET}'); process.exit(3)`);
    const error = await errorOf(
      load({ credentialProcess: `"${process.execPath}" "${script}"` }, bare()),
    );

    expect(error).toMatchObject({ exitCode: 2 });
    expect(inspect(error)).not.toContain(SECRET);
  });

  it('come from the service of a container, with its token', async () => {
    const service = await startService(({ headers, url }) =>
      headers.authorization === 'Bearer t' && url === '/creds'
        ? { text: json('ECS', Date.now() + 3_600_000) }
        : { status: 403, text: '' },
    );
    const env = {
      ...bare(),
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service}/creds`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file('Bearer t\n'),
    };

    expect(await load({}, env)).toMatchObject({ accessKeyId: 'ECS' });
    await expect(
      load({}, { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file('x') }),
    ).rejects.toThrow('gave no credentials: it answered 403');
    await expect(
      load({}, { ...bare(), AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://h/c' }),
    ).rejects.toThrow('no address on this machine');
  });

  it('come from the service of an instance, with a token of a session', async () => {
    const service = await startService(({ method, url, headers }) => {
      if (method === 'PUT' && url === '/latest/api/token') {
        return { text: 'tok' };
      }

      if (headers['x-aws-ec2-metadata-token'] !== 'tok') {
        return { status: 401, text: '' };
      }

      return url?.endsWith('/security-credentials/') === true
        ? { text: 'mail-host\n' }
        : { text: json('EC2', Date.now() + 3_600_000) };
    });

    expect(
      await load(
        {},
        {
          HOME: join(home, 'nobody'),
          AWS_EC2_METADATA_SERVICE_ENDPOINT: service,
        },
      ),
    ).toMatchObject({ accessKeyId: 'EC2', sessionToken: TOKEN });
  });

  it('that nobody has are missed in words', async () => {
    expect(await errorOf(load({}, bare()))).toMatchObject({
      exitCode: 2,
      message: 'there are no credentials for s3://b',
    });
    await expect(
      load(
        {},
        {
          HOME: join(home, 'nobody'),
          AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9',
        },
      ),
    ).rejects.toThrow('there are no credentials');
  });

  it('are asked for anew before they end, and when the server says that they did', async () => {
    let asked = 0;
    const service = await startService(() => ({
      text: json(`ECS${String(++asked)}`, Date.now() + 3_600_000),
    }));
    const users = {
      ECS1: { secret: SECRET, token: TOKEN },
      ECS2: { secret: SECRET, token: TOKEN },
    };
    const { server, open } = await startBucket({ users });
    const store = open(
      {},
      {
        env: { ...bare(), AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service}/c` },
      },
    );

    await store.put('a', Buffer.from('1'));
    server.users['ECS1'] = { secret: SECRET, token: 'expired' };
    // HEAD is answered without a code.
    const heads = ['a', 'b', 'c'].map((key) => store.head(key));
    expect((await Promise.all(heads))[0]).toMatchObject({ sizeBytes: 1 });
    await store.put('b', Buffer.from('1'));
    expect(asked).toBe(2);
  });

  it('serve to their end where their source is away', async () => {
    let isAway = false;
    const service = await startService(() =>
      isAway
        ? { status: 404, text: '' }
        : { text: json('ECS', Date.now() + 60_000) },
    );
    const keeper = new CredentialKeeper(
      { bucket: 'b', prefix: '' },
      { ...bare(), AWS_CONTAINER_CREDENTIALS_FULL_URI: service },
    );
    await keeper.at(Date.now());
    isAway = true;

    expect(await keeper.at(Date.now())).toMatchObject({ accessKeyId: 'ECS' });
    await expect(keeper.at(Date.now() + 61_000)).rejects.toThrow('it answered');
  });

  it('that ended in the environment are told', async () => {
    const users = { ID: { secret: SECRET, token: 'expired' } };
    const { open } = await startBucket({ users });

    expect(await errorOf(open().list())).toMatchObject({
      reason: 'ExpiredToken',
    });
  });
});

describe('no error', () => {
  it('shows a secret, however the server or the network refuses', async () => {
    const users = { ID: { secret: SECRET, token: TOKEN } };
    const { server, open } = await startBucket({ users });
    const refusals = [
      { status: 403, code: 'AccessDenied' },
      { status: 400, code: `Echo ${SECRET} ${TOKEN}` },
      'reset',
      'hang',
      'cut',
    ] as const;
    const errors: Error[] = [];

    for (const does of refusals) {
      server.faults.length = 0;
      server.faults.push({ does, times: 1000 });
      const limits = { patienceMs: 1, firstPatienceMs: 1, idleMs: 200 };
      const store = open({}, { env: server.env, limits });
      errors.push(await errorOf(store.list()));
    }

    server.faults.length = 0;
    const wrong = { ...server.env, AWS_SECRET_ACCESS_KEY: `${SECRET}x` };
    errors.push(await errorOf(open({}, { env: wrong }).list()));
    const broken = { ...server.env, AWS_SESSION_TOKEN: `${TOKEN}\nx` };
    const limits = { firstPatienceMs: 1 };
    errors.push(await errorOf(open({}, { env: broken, limits }).list()));

    const shown = errors
      .map((error) => inspect(error, { depth: 10 }) + JSON.stringify(error))
      .join('\n');
    expect(errors).toHaveLength(7);
    expect(shown).toContain('AccessDenied');
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain(TOKEN);
    expect(shown).not.toContain('Authorization');
  });
});
