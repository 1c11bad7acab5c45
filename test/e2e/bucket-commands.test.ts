import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import { Random } from '../helpers/random.js';
import { newKeyPair } from '../helpers/sealing.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  expectEnd,
  kms,
  QUIET_ENVIRONMENT,
  readJson,
  runTool,
  said,
} from '../helpers/tools.js';

const FULL = 'F20260101T010000Z.zip';
const CHANGED = 'I20260102T010000Z.zip';
const SECRET = 'tulip-seven-s3';
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

let dir: string;
let server: Installation;
let s3: S3Apart;
let env: Record<string, string>;
let address: string;

const run = (
  words: readonly string[],
  changes: Record<string, string> = {},
): Ended =>
  kms(words, {
    cwd: dir,
    env: { ...env, KMS_BACKUP_SERVER_DIR: server.serverDir, ...changes },
  });

/** What a command tells of a place, without what only one kind of place has. */
function toldOf(words: readonly string[]): unknown {
  const { status, json } = readJson(run([...words, '--json']));

  return {
    status,
    ...json,
    at: undefined,
    directory: undefined,
    to: undefined,
  };
}

const recordOf = (): string[] =>
  readdirSync(join(dir, 'state'), { recursive: true, encoding: 'utf8' });

beforeAll(async () => {
  dir = temporaryDirectory('bucket');
  server = buildInstallation(join(dir, 'server'));
  // More than what comes with the end of a volume.
  const noise = new Random(7).bytes(700_000);
  writeFileSync(
    join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs/000000fe.eml'),
    noise,
  );
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z', { readsBack: false });
  writeFileSync(
    join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs/000000ff.eml'),
    'From: new@example.com\r\nSubject: after the full\r\n\r\nnew\r\n',
  );
  await backUpAt(server, 'differential', '2026-01-02T01:00:00Z', {
    readsBack: false,
  });

  s3 = await startS3Apart({
    users: {
      host: { secret: SECRET },
      reader: { secret: SECRET, mayNot: ['put', 'delete', 'overwrite'] },
      nobody: { secret: SECRET, mayNot: ['list'] },
    },
  });
  for (const name of [FULL, CHANGED]) {
    await s3.put([`mail1/${name}`, readFileSync(join(server.backupDir, name))]);
  }

  address = `s3://${s3.bucketName}/mail1`;
  env = {
    ...s3.env,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: 'us-east-1',
    KMS_BACKUP_STATE_DIR: join(dir, 'state'),
    HOME: dir,
  };
  mkdirSync(join(dir, 'state'));
});

afterAll(async () => {
  await s3.close();
  removeTemporary(dir);
});

beforeEach(() => s3.faults([]));

describe('archives in a bucket', () => {
  it.each([['list-archives'], ['recover', '--listing'], ['diff', '--json']])(
    'are told as those of a directory by %s',
    (command, ...flags) => {
      const inBucket = toldOf([command, address, ...flags]);
      expect(inBucket).toEqual(toldOf([command, server.backupDir, ...flags]));
      expect(inBucket).toMatchObject({ status: 0 });
    },
  );

  it('are recovered byte for byte', () => {
    const places = (name: string): string[] => [
      '--store',
      join(dir, name, 'store'),
      '--cfgdir',
      join(dir, name),
      '--yes',
    ];
    for (const name of ['here', 'there']) {
      mkdirSync(join(dir, name, 'store'), { recursive: true });
    }

    expectDone(run(['recover', server.backupDir, ...places('here')]));
    expectDone(run(['recover', address, ...places('there')]));
    const [here, there] = ['here', 'there'].map((name) =>
      treeOf(join(dir, name, 'store/mail')),
    );
    expect(there).toEqual(here);
    expect(Object.keys(there ?? {}).length).toBeGreaterThan(5);
  });

  it('are searched, and what is found is named so that recover takes it', () => {
    const { status, json } = readJson(
      run(['search', address, '--subject', 'after the full', '--json']),
    );
    const [hit] = json['messages'] as { recover: string; archive: string }[];
    expect([status, hit?.archive]).toEqual([0, CHANGED]);
    expect(hit?.recover).toContain(`${address}/${CHANGED}`);
  });

  it('are verified, by a user that may only read, and recorded on this machine', async () => {
    const before = await s3.keys();
    const verified = run(['verify', address], { AWS_ACCESS_KEY_ID: 'reader' });
    expectDone(verified);
    expect(verified.stdout).toContain('2 archives sound');
    expect(run(['list-archives', address]).stdout).not.toContain(' no ');
    expect(recordOf().some((name) => name.endsWith('verified.json'))).toBe(
      true,
    );
    expect(await s3.keys()).toEqual(before);
  });

  it('are drilled, which their history knows as a proof', () => {
    const to = join(dir, 'drilled');
    mkdirSync(to);
    const full = `${address}/${FULL}`;
    const { status, json } = readJson(
      run(['drill', full, '--full', '--to', to, '--json']),
    );
    expect([status, json['isSound']]).toEqual([0, true]);
    expect(readdirSync(to)).toEqual([]);

    const { json: told } = readJson(run(['history', '--last', '1', '--json']));
    expect(told['runs']).toMatchObject([
      {
        command: 'drill',
        facts: { proven: [{ archive: FULL, by: 'drill' }] },
      },
    ]);
  });

  it('of which one is damaged are told so', async () => {
    const bytes = Buffer.from(readFileSync(join(server.backupDir, FULL)));
    bytes.writeUInt8(bytes.readUInt8(300_000) ^ 1, 300_000);
    await s3.put([`broken/${FULL}`, bytes]);
    const verified = run(['verify', `s3://${s3.bucketName}/broken`]);
    expect(said(verified)).toMatch(/^4 DAMAGED [^]*its checksum is wrong/);
  });

  it('are shown from their first volume on', async () => {
    await s3.put(['half/F20260101T010000Z.1.zip', Buffer.from('half')]);
    const { json } = readJson(
      run(['list-archives', `s3://${s3.bucketName}/half`, '--json']),
    );
    expect(json['archives']).toEqual([]);
  });
});

describe('a bucket that cannot be read', () => {
  it.each<[string, () => string, Record<string, string>, string]>([
    [
      'whose prefix nobody used',
      () => `s3://${s3.bucketName}/mail2`,
      {},
      '10 Error: there is nothing below .*NOT_FOUND',
    ],
    [
      'that is not there',
      () => 's3://no-such-bucket/mail1',
      {},
      '10 Error: .*NoSuchBucket.*NOT_FOUND',
    ],
    [
      'for a wrong secret',
      () => address,
      { AWS_SECRET_ACCESS_KEY: 'another' },
      '1 Error: .*SignatureDoesNotMatch.*FAILED',
    ],
    [
      'without the right to list',
      () => address,
      { AWS_ACCESS_KEY_ID: 'nobody' },
      '1 Error: .*AccessDenied.*FAILED',
    ],
    [
      'whose address is none',
      () => `s3://host:${SECRET}@bucket`,
      {},
      '2 Error: .*s3://BUCKET/PREFIX.*USAGE',
    ],
  ])('%s is told from others', (_, place, changes, words) => {
    const ended = run(['list-archives', place()], changes);
    expect(said(ended)).toMatch(new RegExp(`^${words}`, 's'));
    expect(said(ended)).not.toContain(SECRET);
  });

  it('while it is verified is no damage of an archive', async () => {
    await s3.forget();
    await s3.faults([
      {
        method: 'GET',
        key: /\.zip$/,
        does: { status: 403, code: 'AccessDenied' },
        times: 10_000,
      },
    ]);
    const ended = run(['verify', `${address}/${FULL}`]);
    expect(ended.status).toBe(1);
    expect(said(ended)).toContain('AccessDenied');
    expect(said(ended)).not.toMatch(/damaged/i);
  });
});

it.skipIf(!canMount)(
  'a backup whose spool is too small for it is exit 14 before anything is sent (needs mount)',
  async () => {
    const state = join(dir, 'small-state');
    mkdirSync(state);
    const script = [
      `mount -t tmpfs -o size=300k tmpfs '${state}' || exit 77`,
      `exec '${process.execPath}' '${BINARY}' backup full --backup-dir '${address}'`,
    ];
    await s3.forget();
    const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
      env: {
        ...QUIET_ENVIRONMENT,
        ...env,
        KMS_BACKUP_SERVER_DIR: server.serverDir,
        KMS_BACKUP_STATE_DIR: state,
      },
    });

    expectEnd(ended, 14, 'NO_SPACE');
    expect(said(ended)).toContain('spool; the archive takes about');
    const sent = (await s3.requests()).filter(({ method }) => method !== 'GET');
    expect(sent).toEqual([]);
  },
);

describe('a target', () => {
  it('is added, tried, named in place of a directory, and taken out', async () => {
    const words = [
      'target',
      'add',
      'offsite',
      address,
      '--endpoint',
      s3.endpoint,
    ];
    expectDone(run([...words, '--region', 'us-east-1']));
    expect(
      readFileSync(join(server.serverDir, 'kms-backup.ini'), 'utf8'),
    ).not.toContain(SECRET);
    expectEnd(run(words), 2, 'USAGE');

    const bare = { AWS_ENDPOINT_URL_S3: '', AWS_REGION: '' };
    const before = await s3.keys();
    const tried = run(['target', 'test', 'offsite'], bare);
    expectDone(tried);
    expect(tried.stdout).toContain('refuses to write a name again');
    expect(tried.stdout).toContain('the clocks of server and machine agree');
    expect(tried.stdout).toContain('no rule drops uploads that nobody');
    expect(await s3.keys()).toEqual(before);
    expect(
      said(
        run(['target', 'test', 'offsite'], {
          ...bare,
          AWS_ACCESS_KEY_ID: 'reader',
        }),
      ),
    ).toMatch(/^1 .*AccessDenied/s);

    expectDone(run(['verify', `offsite/${CHANGED}`], bare));
    expect(run(['status', '--backup-dir', 'offsite'], bare).stdout).toContain(
      `in ${address}`,
    );
    await s3.forget();
    const examined = run(['doctor', '--backup-dir', 'offsite'], bare);
    expect(examined.stdout).toContain('can be reached and listed');
    expect(examined.stdout).toContain('the archives lie in an object store');
    expect(examined.stdout).toMatch(/free space +not known: s3:/);
    expect(examined.stdout).toContain('target offsite: list');
    expect(examined.stdout).toContain('is tried by target test offsite');
    expect(examined.stdout).toContain('no rule drops uploads that nobody');
    const asked = new Set((await s3.requests()).map(({ method }) => method));
    expect([...asked].filter((method) => !/GET|HEAD/.test(method))).toEqual([]);
    for (const show of [['list'], ['show', 'offsite']]) {
      const shown = run(['target', ...show], bare);
      expect(shown.stdout).toContain(address);
      expect(said(shown)).not.toContain(SECRET);
    }

    expectDone(run(['target', 'rm', 'offsite']));
    expectEnd(run(['target', 'show', 'offsite']), 10, 'NOT_FOUND');
  });
});

describe('a target that seals', () => {
  it('gets a backup, which is drilled with the identity alone', async () => {
    const { identity, recipient } = await newKeyPair();
    const identityFile = join(dir, 'identity');
    writeFileSync(identityFile, `${identity}\n`, { mode: 0o600 });
    const place = `s3://${s3.bucketName}/sealed`;
    expectDone(
      run(['target', 'add', 'vault', place, '--recipients', recipient]),
    );
    expectDone(run(['backup', 'full', '--backup-dir', 'vault']));

    // This host has the index, and could plan all of it.
    const before = treeOf(server.storeDir);
    const recovered = run(['recover', 'vault', '--in-place', '--yes']);
    expectEnd(recovered, 2, 'SEALED');
    expect(said(recovered)).not.toContain('Replaces');
    expect(treeOf(server.storeDir)).toEqual(before);

    const to = join(dir, 'drilled sealed');
    mkdirSync(to);
    const words = ['drill', 'vault', '--full', '--to', to];
    expectEnd(run(words), 2, 'SEALED');
    const drilled = run([...words, '--identity', identityFile]);
    expectDone(drilled);
    expect(drilled.stdout).toContain('all as archived');
    expect(readdirSync(to)).toEqual([]);

    expectDone(run(['target', 'rm', 'vault']));
  });
});

/** The contents of all files below a directory, by path. */
function treeOf(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true });

  return Object.fromEntries(
    files
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(root.length), readFileSync(path, 'latin1')];
      }),
  );
}
