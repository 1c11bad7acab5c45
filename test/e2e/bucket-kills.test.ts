import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import { newKeyPair } from '../helpers/sealing.js';
import { BINARY, kmsJson, QUIET_ENVIRONMENT } from '../helpers/tools.js';

interface Killed {
  readonly words: readonly string[];
  readonly isSealed: boolean;
  /** Of its requests each so-many-th is the last one; all of them where the test is thorough. */
  readonly stride: number;
}

const BACKUP = ['backup', 'full', '--backup-dir', 'offsite'];
const COPY = ['replicate', '--to', 'offsite'];
const IS_THOROUGH = process.env['KMS_TEST_THOROUGH'] === '1';

let dir: string;
let server: Installation;
let s3: S3Apart;

const state = (): string => join(dir, 'state');
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ...QUIET_ENVIRONMENT,
  ...s3.env,
  KMS_BACKUP_STATE_DIR: state(),
  KMS_BACKUP_SERVER_DIR: server.serverDir,
});

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-bucket-kills-'));
  server = buildInstallation(join(dir, 'server'));
  s3 = await startS3Apart();
});

afterEach(async () => {
  await s3.close();
  rmSync(dir, { recursive: true });
});

async function setUp(isSealed: boolean): Promise<void> {
  const { identity, recipient } = await newKeyPair();
  writeFileSync(join(server.serverDir, 'identity'), identity, { mode: 0o600 });
  const target = [
    '[target.offsite]',
    'type = s3',
    `endpoint = ${s3.endpoint}`,
    'region = us-east-1',
    `bucket = ${s3.bucketName}`,
    'prefix = mail',
    ...(isSealed
      ? [`recipients = ${recipient}`, 'identity-file = identity']
      : []),
  ];
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    `${target.join('\n')}\n`,
  );

  for (const day of ['01', '02']) {
    await backUpAt(server, 'full', `2026-01-${day}T01:00:00Z`);
  }
}

/** Kills the command as soon as the server has so many requests, and has done the last one. */
async function killAt(
  words: readonly string[],
  request: number,
): Promise<void> {
  await s3.faults([{ at: request, does: 'lose-hang' }]);
  const child = spawn(process.execPath, [BINARY, ...words], {
    env: environment(),
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', resolve));
  while (child.exitCode === null && (await s3.requests()).length < request) {
    await sleep(10);
  }

  child.kill('SIGKILL');
  await ended;
}

const firstVolume = /\dZ\.zip(?:\.age)?$/;

async function expectWhole(seen: readonly string[], where: string) {
  expect(await s3.uploads(), where).toEqual([]);
  const keys = await s3.keys();
  expect(keys, where).toEqual(expect.arrayContaining([...seen]));
  const stems = keys
    .filter((key) => firstVolume.test(key))
    .map((key) => key.replace(/\.zip(?:\.age)?$/, ''));
  expect(
    keys.filter((key) => key.endsWith('.seal.json')),
    where,
  ).toEqual(stems.map((stem) => `${stem}.seal.json`));
  const [target = ''] = readdirSync(join(state(), 'targets'));
  const own = readdirSync(join(state(), 'targets', target), {
    recursive: true,
  });
  expect(own.join(), where).not.toMatch(/publication|\.part/);
}

describe('a run that is killed between two requests', () => {
  it.each<[string, Killed]>([
    ['backup', { words: BACKUP, isSealed: false, stride: 8 }],
    ['sealed backup', { words: BACKUP, isSealed: true, stride: 15 }],
    ['copy', { words: COPY, isSealed: false, stride: 15 }],
    ['sealed copy', { words: COPY, isSealed: true, stride: 15 }],
  ])(
    'leaves the old state or the new one, and nothing behind the next run: a %s',
    async (_, { words, isSealed, stride }) => {
      await setUp(isSealed);
      const run = () => kmsJson(words, { env: environment() });
      if (words === BACKUP) {
        const first = run();
        expect(first.status, JSON.stringify(first.json)).toBe(0);
      }

      await s3.save();
      const kept = join(dir, 'kept');
      if (existsSync(state())) cpSync(state(), kept, { recursive: true });

      await s3.forget();
      expect(run().status).toBe(0);
      const requests = (await s3.requests()).length;

      for (let at = 1; at <= requests; at += IS_THOROUGH ? 1 : stride) {
        await s3.restore();
        rmSync(state(), { recursive: true });
        if (existsSync(kept)) cpSync(kept, state(), { recursive: true });
        await s3.forget();
        await killAt(words, at);
        await s3.faults([]);
        const seen = (await s3.keys()).filter((key) => firstVolume.test(key));

        const next = run();
        const where = `killed at request ${String(at)}: ${JSON.stringify(next.json)}`;
        expect(next.status, where).toBe(0);
        await expectWhole(seen, where);
      }
    },
  );
});
