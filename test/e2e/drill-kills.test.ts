import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildInstallation, randomStore } from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  kms,
  kmsJson,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;
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

describe.skipIf(!canMount)('a drill onto a disk that fills up', () => {
  it('ends with 14, leaves nothing there, and is written down as failed', () => {
    // Bytes enough, which is looked at before; not files enough.
    const script = `mount -t tmpfs -o size=1g,nr_inodes=60 tmpfs '${scratch}' || exit 99
      "$@"; code=$?
      ls -A '${scratch}'
      exit $code`;
    const { status, stdout, stderr } = runTool(
      'unshare',
      ['-m', 'sh', '-c', script, 'sh', process.execPath, BINARY, ...words],
      { env },
    );

    expect(stderr).toContain('Code: NO_SPACE');
    expect([status, stdout]).toEqual([14, '']);

    const server = ['--server-dir', join(root, 'server')];
    const { json } = kmsJson(['history', '--last', '1', ...server], { env });
    expect(json['runs']).toMatchObject([
      { command: 'drill', exitCode: 14, state: 'failed' },
    ]);
  });
});
