import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storageAt } from '../../src/archive/storages.js';
import { systemClock } from '../../src/platform/clock.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';

let dir: string;
let away: string;
let server: Installation;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-wait-'));
  server = buildInstallation(dir);
  away = join(dir, 'away');
  mkdirSync(away);
  appendFileSync(join(dir, 'kms-backup.ini'), '[backup]\nlock-wait = 1m\n');
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

it.each([
  ['replicate', ['--to', 'away']],
  ['backup diff', ['--notify', 'never']],
])('%s waits as long as kms-backup.ini says', async (command, words) => {
  const held = storageAt(command === 'replicate' ? away : server.backupDir);
  const lock = await held.lock.take({
    command: 'another run',
    clock: systemClock,
    waitMs: 0,
  });
  const given = words.map((word) => (word === 'away' ? away : word));
  const running = kmsInProcess([
    ...command.split(' '),
    '--server-dir',
    dir,
    ...given,
  ]);

  setTimeout(() => {
    lock.release();
  }, 1500);

  const { status, stdout, stderr } = await running;
  expect(status, stdout + stderr).toBe(0);
});
