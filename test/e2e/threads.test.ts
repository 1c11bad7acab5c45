import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** A server that never reads ahead, which a busy machine would make any disk need. */
const serverWith = (name: string, bytes: number): Installation => {
  const content = new Random(1).bytes(bytes);
  const server = buildInstallation(join(dir, name), {
    store: {
      mail: { 'example.com': { alice: { INBOX: { 'a.eml': content } } } },
    },
  });
  setReadAhead(server, 0);
  return server;
};

const setReadAhead = ({ serverDir }: Installation, files: number): void => {
  writeFileSync(
    join(serverDir, 'kms-backup.ini'),
    `[backup]\nread-ahead = ${String(files)}\n`,
  );
};

/**
 * How many threads a full backup starts, those of Node itself included.
 * @param slow a system call, and how long it takes: `read:delay_exit=300`, in microseconds
 */
function countThreads(
  { serverDir }: Installation,
  threads: number,
  slow?: string,
): number {
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
        'trace=clone,clone3,read',
        ...(slow === undefined ? [] : ['-e', `inject=${slow}`]),
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

  it('reads ahead in further threads where the disk lets it wait, as many as the settings say', () => {
    const names = Array.from({ length: 1500 }, (_, at) => `${String(at)}.eml`);
    const folder = Object.fromEntries(names.map((name) => [name, name]));
    const server = buildInstallation(join(dir, 'cold'), {
      store: { mail: { 'example.com': { alice: { INBOX: folder } } } },
    });

    const slow = 'read:delay_exit=300';

    setReadAhead(server, 0);
    const none = countThreads(server, 2, slow);
    setReadAhead(server, 3);

    expect(countThreads(server, 2, slow)).toBe(none + 3);
  });
});
