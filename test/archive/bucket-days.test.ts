import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bucketOf } from '../helpers/bucket-host.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import { MANNERS } from '../helpers/real-s3.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import {
  compareTrees,
  listTree,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, expectEnd, kms, readJson } from '../helpers/tools.js';

const FULL = 'F20260101T010000Z';
const CHANGED = 'I20260102T010000Z';
const SMALL_VOLUMES = { volumeLimitBytes: 30_000, rotates: false };

let dir: string;
let server: Installation;
let s3: S3Apart;

const inbox = (name: string): string =>
  join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs', name);
const recovered = (): string => join(dir, 'recovered/store');
const storage = () => bucketOf(s3, join(dir, 'host'));

/** What another machine does that has only the address and the keys. */
const run = (...words: string[]) =>
  kms(words, {
    cwd: dir,
    env: {
      ...s3.env,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_REGION: 'us-east-1',
      KMS_BACKUP_STATE_DIR: join(dir, 'state'),
    },
  });
const address = (archive = ''): string =>
  `s3://${s3.bucketName}/mail${archive === '' ? '' : `/${archive}.zip`}`;
const places = (): string[] => [
  ...['--store', recovered(), '--cfgdir', join(dir, 'recovered'), '--yes'],
];

async function start(options: object): Promise<void> {
  s3 = await startS3Apart(options);
  Object.assign(process.env, s3.env);
}

/** A full, and a differential of a night in which mail came, changed, moved and went. */
async function twoNights(): Promise<void> {
  const random = new Random(11);
  for (let number = 1; number <= 20; number++) {
    const text = message(`mail ${String(number)}`, random, 4000);
    writeFileSync(inbox(`${String(number).padStart(8, '0')}.eml`), text);
  }

  const at = (day: string) => `2026-01-${day}T01:00:00Z`;
  const options = { storage: storage(), ...SMALL_VOLUMES };
  await backUpAt(server, 'full', at('01'), options);
  cpSync(server.storeDir, join(dir, 'first night'), {
    recursive: true,
    preserveTimestamps: true,
  });
  rmSync(inbox('00000003.eml'));
  writeFileSync(inbox('00000005.eml'), message('changed', random, 5000));
  writeFileSync(inbox('00000099.eml'), message('new', random, 3000));
  await backUpAt(server, 'differential', at('02'), options);
}

beforeEach(() => {
  dir = temporaryDirectory('bucket-days');
  server = buildInstallation(join(dir, 'server'));
});

afterEach(async () => {
  await s3.close();
  removeTemporary(dir);
});

describe('in a bucket', () => {
  const [manner] = MANNERS;

  it('the night of a differential comes back as it was, and the night of its full', async () => {
    await start({ manner });
    await twoNights();

    expectDone(run('recover', address(CHANGED), ...places()));
    const mail = join(server.storeDir, 'mail');
    expect(compareTrees(mail, join(recovered(), 'mail'))).toEqual([]);

    rmSync(join(dir, 'recovered'), { recursive: true });
    expectDone(run('recover', address(FULL), ...places()));
    expect(
      compareTrees(mail, join(recovered(), 'mail')).length,
    ).toBeGreaterThan(0);
  });

  it('one message is found and recovered', async () => {
    await start({ manner });
    await twoNights();

    const found = run('search', address(), '--subject', 'changed', '--json');
    expect(readJson(found).json).toMatchObject({ messages: [{}] });
    const one = ['--message', 'example.com/alice/INBOX/00000005'];
    expectDone(run('recover', address(), '--additive', ...one, ...places()));
    expect(existsSync(join(recovered(), 'mail/example.com/alice'))).toBe(true);
  });

  it('what is damaged is named, and salvage brings all the rest', async () => {
    await start({ manner });
    await twoNights();
    const key = `mail/${FULL}.1.zip`;
    const volume = await s3.object(key);
    const bytes = Buffer.from(volume?.bytes ?? []);
    bytes.fill(0x5a, 2000, 2100);
    await s3.put([key, bytes]);

    expect(run('verify', address(FULL)).status).toBe(4);
    expectEnd(run('recover', address(FULL), ...places()), 4, 'DAMAGED_ARCHIVE');
    const salvaged = run('recover', address(FULL), '--salvage', ...places());
    expect(salvaged.status, salvaged.stderr).toBe(3);
    const whole = listTree(join(dir, 'first night/mail'));
    const back = listTree(join(recovered(), 'mail'));
    const lost = whole.filter((path) => !back.includes(path));
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatch(/eml$/);

    await s3.remove(key);
    rmSync(join(dir, 'recovered'), { recursive: true });
    expect(run('recover', address(FULL), '--salvage', ...places()).status).toBe(
      3,
    );
  });
});
