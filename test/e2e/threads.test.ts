import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canInject } from '../helpers/faults.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import {
  BINARY,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-backup-threads-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const serverWith = (name: string, bytes: number): Installation => {
  const content = new Random(1).bytes(bytes);
  return buildInstallation(join(dir, name), {
    store: {
      mail: { 'example.com': { alice: { INBOX: { 'a.eml': content } } } },
    },
  });
};

/** How many threads a full backup starts, those of Node itself included. */
function countThreads({ serverDir }: Installation, threads: number): number {
  const log = join(dir, 'calls');
  const command = [
    process.execPath,
    BINARY,
    'backup',
    'full',
    '--server-dir',
    serverDir,
    '--threads',
    String(threads),
  ];
  expectDone(
    runTool(
      'strace',
      [
        '-f',
        '--seccomp-bpf',
        '-qq',
        '-o',
        log,
        '-e',
        'trace=clone,clone3',
        ...command,
      ],
      {
        env: QUIET_ENVIRONMENT,
      },
    ),
  );
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => /clone3?\(/.test(line)).length;
}

describe.runIf(canInject)('a backup', () => {
  it('starts no thread for a few small files, and all for one large file', () => {
    const small = serverWith('small', 10_000);
    const large = serverWith('large', 9 << 20);
    const none = countThreads(small, 1);
    expect(
      [1, 3].map((threads) => countThreads(large, threads) - none),
    ).toEqual([1, 3]);
    expect(countThreads(small, 3)).toBe(none);
  });
});
