import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildInstallation, randomStore } from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { BINARY, kms, QUIET_ENVIRONMENT } from '../helpers/tools.js';

const root = temporaryDirectory('drill-kills');
const scratch = join(root, 'scratch');
const env = { ...QUIET_ENVIRONMENT, KMS_BACKUP_STATE_DIR: join(root, 'state') };
const words = [
  ...['drill', '--server-dir', join(root, 'server')],
  ...['--to', scratch, '--full', '--progress', 'none'],
];

beforeAll(async () => {
  const store = randomStore(3, { files: 600 });
  const server = buildInstallation(join(root, 'server'), { store });
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
});

beforeEach(() => {
  mkdirSync(scratch, { recursive: true });
});

afterAll(() => {
  removeTemporary(root);
});

/** A drill that has begun to recover. */
async function begunDrill(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [BINARY, ...words], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const hasBegun = (): boolean =>
    readdirSync(scratch).some((name) =>
      existsSync(join(scratch, name, 'store')),
    );
  while (!hasBegun() && child.exitCode === null) await sleep(5);

  return child;
}

describe('a drill that does not end by itself', () => {
  it('leaves nothing when it is told to stop', async () => {
    const child = await begunDrill();
    child.kill('SIGTERM');
    const [exitCode] = (await once(child, 'exit')) as [number | null];

    expect(exitCode).toBe(143);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('leaves to the next one what it recovered when it is killed', async () => {
    const child = await begunDrill();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readdirSync(scratch)).toHaveLength(1);

    expect(kms(words, { env }).status).toBe(0);
    expect(readdirSync(scratch)).toEqual([]);
    expect(readdirSync(join(root, 'state', 'drills'))).toEqual([]);
  });

  it('is left alone by another one', async () => {
    const child = await begunDrill();
    const ended = once(child, 'exit') as Promise<[number | null]>;

    expect(kms(words, { env }).status).toBe(0);
    expect((await ended)[0]).toBe(0);
    expect(readdirSync(scratch)).toEqual([]);
  });
});
