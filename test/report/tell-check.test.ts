import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { schemaFaults } from '../helpers/schemas.js';
import { expectDone } from '../helpers/tools.js';

const calls: { path: string; body: string }[] = [];
const service = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces).toString();
    calls.push({ path: request.url ?? '', body });
    response.end();
  });
});

let dir: string;
let server: Installation;

const textfile = (): string => join(dir, 'kms.prom');
const metric = (name: string, type: string): string | undefined =>
  new RegExp(`^kms_backup_${name}\\{type="${type}"\\} (.*)$`, 'm').exec(
    readFileSync(textfile(), 'utf8'),
  )?.[1];
const kms = (...words: string[]): ReturnType<typeof kmsInProcess> =>
  kmsInProcess([...words, '--server-dir', server.serverDir]);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-tell-'));
  server = buildInstallation(dir);
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
  const { port } = service.address() as AddressInfo;
  const root = `http://127.0.0.1:${String(port)}`;
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    `[notify]\nurl = ${root}/notify\n[ping]\nurl = ${root}/ping\n[metrics]\ntextfile = ${textfile()}\n`,
  );
  expectDone(await kms('backup', 'full'));
});

beforeEach(() => {
  calls.length = 0;
});

afterAll(() => {
  service.closeAllConnections();
  service.close();
  rmSync(dir, { recursive: true, force: true });
});

it('a verify and a drill of the own archives are told by call and metrics, and ping nobody where all is sound', async () => {
  const backedUp = metric('last_success_timestamp_seconds', 'full');
  expect(backedUp).toMatch(/^\d+$/);

  for (const command of ['verify', 'drill']) {
    calls.length = 0;
    expectDone(await kms(command));

    expect(calls.map(({ path }) => path)).toEqual(['/notify']);
    const told = JSON.parse(calls[0]?.body ?? '') as Record<string, unknown>;
    expect(schemaFaults(told)).toEqual([]);
    expect(told).toMatchObject({ command, outcome: 'done', exitCode: 0 });
    expect(metric('check_last_exit_code', command)).toBe('0');
    expect(metric('check_last_success_timestamp_seconds', command)).toMatch(
      /^\d+$/,
    );
  }

  expect(metric('check_last_exit_code', 'verify')).toBe('0');
  expect(metric('last_success_timestamp_seconds', 'full')).toBe(backedUp);
  expectDone(await kms('backup', 'diff'));
  expect(metric('check_last_exit_code', 'drill')).toBe('0');
});

it('who names a directory looks by hand, and nobody is told', async () => {
  expectDone(await kms('verify', server.backupDir));
  expect(calls).toEqual([]);
});

it('a failure is told to the ping too, and leaves the last success as it was', async () => {
  const success = metric('check_last_success_timestamp_seconds', 'verify');
  const archive = readdirSync(server.backupDir).find((name) =>
    /^F.*zip$/.test(name),
  );
  const path = join(server.backupDir, archive ?? '');
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes.fill(0x55, middle, middle + 64);
  writeFileSync(path, bytes);

  expect((await kms('verify')).status).toBe(4);
  expect(calls.map(({ path: called }) => called)).toEqual([
    '/notify',
    '/ping/fail',
  ]);
  expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({
    command: 'verify',
    outcome: 'failed',
    exitCode: 4,
  });
  expect(metric('check_last_exit_code', 'verify')).toBe('4');
  expect(metric('check_last_success_timestamp_seconds', 'verify')).toBe(
    success,
  );
});
