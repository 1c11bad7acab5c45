import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import { BINARY, kmsJson, QUIET_ENVIRONMENT } from '../helpers/tools.js';

const STRIDE = process.env['KMS_TEST_THOROUGH'] === '1' ? 1 : 6;

let dir: string;
let server: Installation;
let s3: S3Apart;

const state = (): string => join(dir, 'state');
const backUp = (): string[] => [
  'backup',
  'full',
  '--server-dir',
  server.serverDir,
  '--backup-dir',
  'offsite',
];
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ...QUIET_ENVIRONMENT,
  ...s3.env,
  KMS_BACKUP_STATE_DIR: state(),
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-bucket-kills-'));
  server = buildInstallation(dir);
  s3 = await startS3Apart();
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    `[target.offsite]\ntype = s3\nendpoint = ${s3.endpoint}\nregion = us-east-1\nbucket = ${s3.bucketName}\nprefix = mail\n`,
  );
});

afterAll(async () => {
  await s3.close();
  rmSync(dir, { recursive: true });
});

/** Kills the command as soon as the server has so many requests, and has done the last one. */
async function killAt(request: number): Promise<void> {
  await s3.faults([{ at: request, does: 'lose-hang' }]);
  const child = spawn(process.execPath, [BINARY, ...backUp()], {
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

it('a run that is killed between two requests leaves the old state or the new one, and nothing behind the next run', async () => {
  const run = () => kmsJson(backUp(), { env: environment() });
  const first = run();
  expect(first.status, JSON.stringify(first.json)).toBe(0);
  await s3.save();
  cpSync(state(), join(dir, 'kept'), { recursive: true });
  await s3.forget();
  run();
  const requests = (await s3.requests()).length;

  for (let at = 1; at <= requests; at += STRIDE) {
    await s3.restore();
    rmSync(state(), { recursive: true });
    cpSync(join(dir, 'kept'), state(), { recursive: true });
    await s3.forget();
    await killAt(at);
    await s3.faults([]);
    const seen = (await s3.keys()).filter((key) => /\dZ\.zip$/.test(key));

    const next = run();
    const where = `killed at request ${String(at)}: ${JSON.stringify(next.json)}`;
    expect(next.status, where).toBe(0);
    expect(await s3.uploads(), where).toEqual([]);
    const keys = await s3.keys();
    expect(keys, where).toEqual(expect.arrayContaining(seen));
    const stems = keys
      .filter((key) => key.endsWith('Z.zip'))
      .map((key) => key.slice(0, -'.zip'.length));
    expect(
      keys.filter((key) => key.endsWith('.seal.json')),
      where,
    ).toEqual(stems.map((stem) => `${stem}.seal.json`));
    const [target = ''] = readdirSync(join(state(), 'targets'));
    const own = readdirSync(join(state(), 'targets', target));
    expect(own.join(), where).not.toContain('publication');
  }
});
