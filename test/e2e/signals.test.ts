import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  message,
  type Installation,
} from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import {
  compareTrees,
  keepsOldState,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  kms,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

/** At so many moments of each command's run. */
const MOMENTS = process.env['KMS_TEST_THOROUGH'] === undefined ? 2 : 12;
/** From when Node has started on, until about when the work is done on a quick machine. */
const [FIRST_MS, LATEST_MS] = [150, 600];
/** It is to take less than one second; a busy machine takes longer. */
const SOON_MS = 5000;

const random = new Random(31);
const folder = (count: number): Tree => ({
  '#msgs': Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `${(i + 1).toString(16).padStart(8, '0')}.eml`,
      message(`mail ${String(i)}`, random, 3000),
    ]),
  ),
  'index.fld': 'I\r\n',
});
const STORE: Tree = {
  mail: {
    'example.com': {
      alice: { INBOX: folder(500), Sent: folder(100) },
      bob: { INBOX: folder(100) },
    },
  },
};

interface Stopped {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs Node and sends the signal when `isTime`. `tookMs` counts from the signal to the end. */
async function stop(
  args: readonly string[],
  signal: NodeJS.Signals,
  isTime: (stderr: Readable) => Promise<unknown>,
): Promise<Stopped> {
  const env = { ...process.env, ...QUIET_ENVIRONMENT };
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on(
    'data',
    (data: Buffer) => (stdout += data.toString('latin1')),
  );
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const closed = new Promise<number | null>((resolve) =>
    child.once('close', resolve),
  );
  await Promise.race([isTime(child.stderr), closed]);
  const askedMs = performance.now();
  child.kill(signal);
  const status = await closed;
  return { status, stdout, stderr, tookMs: performance.now() - askedMs };
}

/** Runs `kms-backup` and sends the signal after a while. */
function stopAfter(
  delayMs: number,
  signal: NodeJS.Signals,
  args: readonly string[],
): Promise<Stopped> {
  return stop([BINARY, ...args], signal, () => sleep(delayMs));
}

/** Runs Node and sends SIGTERM when it has said something. */
function stopAfterReady(args: readonly string[]): Promise<Stopped> {
  return stop(args, 'SIGTERM', (stderr) => once(stderr, 'data'));
}

let dir = '';
let template: Installation;
beforeAll(() => {
  dir = temporaryDirectory('signals');
  template = buildInstallation(join(dir, 'template'), { store: STORE });
  for (const type of ['full', 'full', 'diff']) {
    expectDone(
      kms(['backup', type, '--server-dir', template.serverDir, '--no-rotate']),
    );
  }
});
afterAll(() => {
  removeTemporary(dir);
});

/** What a command may leave of the store, the archives and its output. */
interface Case {
  readonly args: (server: Installation, output: string) => readonly string[];
  /** What the line says of what was kept. */
  readonly says: RegExp;
  /** The names that a finished run adds or removes among the archives. */
  readonly changes?: RegExp;
  /** Whether the same call must bring the store back after an interruption. */
  readonly isAgain?: boolean;
}

const UNTOUCHED = /temporary files removed, earlier archives untouched/;
const CASES: Readonly<Record<string, Case>> = {
  'backup full': {
    args: () => ['backup', 'full', '--no-rotate'],
    says: UNTOUCHED,
    changes: /^F/,
  },
  'backup diff': {
    args: () => ['backup', 'diff', '--checksum', '--no-rotate'],
    says: UNTOUCHED,
    changes: /^I/,
  },
  rotate: {
    args: () => ['rotate', '--keep', '1'],
    says: /nothing was changed|nothing was removed|kept all others/,
    changes: /^[FI]/,
  },
  verify: {
    args: ({ backupDir }) => ['verify', backupDir],
    says: /nothing was changed/,
  },
  search: {
    args: ({ backupDir }) => ['search', backupDir, '--subject', 'mail 77'],
    says: /nothing was changed/,
    changes: /^\.kms-backup-headers$/,
  },
  recover: {
    args: ({ backupDir }) => ['recover', backupDir, '--yes'],
    says: /nothing was changed|has what it had before/,
  },
  'recover a folder': {
    args: ({ backupDir }) => [
      'recover',
      backupDir,
      '-u',
      'alice',
      '-f',
      'INBOX',
      '--yes',
    ],
    says: /nothing was changed|has what it had before/,
  },
  'recover --additive': {
    args: ({ backupDir }) => [
      'recover',
      backupDir,
      '-u',
      'alice',
      '--additive',
      '--yes',
    ],
    says: /nothing was changed|has what it had before|added and stay; the same call adds the rest/,
  },
  'recover --in-place': {
    args: ({ backupDir }) => ['recover', backupDir, '--in-place', '--yes'],
    says: /nothing was changed|has what it had before|run the same recover again/,
    isAgain: true,
  },
  'export zip': {
    args: ({ backupDir }, output) => [
      'export',
      backupDir,
      '--output',
      `${output}.zip`,
    ],
    says: /nothing was written to/,
  },
  'export maildir': {
    args: ({ backupDir }, output) => [
      'export',
      backupDir,
      '--format',
      'maildir',
      '--output',
      output,
    ],
    says: /nothing was written to/,
  },
  'export mbox to standard output': {
    args: ({ backupDir }) => [
      'export',
      backupDir,
      '--format',
      'mbox',
      '--output',
      '-',
    ],
    says: /what was written is cut off/,
  },
};

/** Files that only a run that works has, or that are no part of what must not change. */
const isOwn = (name: string): boolean => name === '.kms-backup-verified.json';

describe('a signal before a command begins', () => {
  const starting = (...words: string[]): Promise<Stopped> => {
    const early = new URL('../../bin/interrupt.js', import.meta.url).href;
    return stopAfterReady([
      '--import',
      early,
      '-e',
      'console.error("ready"); setTimeout(() => {}, 60_000)',
      ...words,
    ]);
  };

  it('ends the program with a line and its exit code, with --json in one document', async () => {
    const text = await starting();
    expect(text).toMatchObject({ status: 143, stdout: '' });
    expect(text.stderr).toContain(
      'Error: stopped by SIGTERM; nothing was begun\nCode: TERMINATED\n',
    );
    const json = await starting('--', '--json');
    expect(json.status).toBe(143);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: 'kms-backup/error/1',
      exitCode: 143,
      error: {
        code: 'TERMINATED',
        message: 'stopped by SIGTERM; nothing was begun',
      },
    });
  });
});

describe.each(Object.entries(CASES))(
  '%s, asked to stop at any moment,',
  (_, { args, says, changes, isAgain }) => {
    it('ends with the documented code and a line that says what was kept, and leaves nothing temporary', async () => {
      for (let moment = 0; moment < MOMENTS; moment++) {
        const place = join(dir, 'case');
        const server = copyOf(place);
        const before = readdirSync(server.backupDir).filter(
          (name) => !isOwn(name),
        );
        const signal = moment % 2 === 0 ? 'SIGTERM' : 'SIGINT';
        const delayMs =
          FIRST_MS + (LATEST_MS * (moment + random.next())) / MOMENTS;
        const words = [
          ...args(server, join(place, 'output')),
          '--server-dir',
          server.serverDir,
        ];
        const end = await stopAfter(delayMs, signal, words);
        const what = `${signal} after ${String(Math.round(delayMs))} ms: ${String(end.status)} ${end.stderr}`;
        // It may have been done before; and before its first line is run Node ends by itself, without a word.
        if (end.status !== 0 && end.status !== null) {
          expect(end.status, what).toBe(signal === 'SIGTERM' ? 143 : 130);
          expect(end.stderr, what).toMatch(
            new RegExp(
              `^Error: stopped by ${signal}; (nothing was begun|the work was done|.*(${says.source}))`,
              'm',
            ),
          );
        }

        expect(end.tookMs, what).toBeLessThan(SOON_MS);
        if (isAgain === true && end.status !== 0) expectDone(kms(words));
        expect(temporaries(place), what).toEqual([]);
        const after = readdirSync(server.backupDir).filter(
          (name) => !isOwn(name),
        );
        const changed = [
          ...before.filter((name) => !after.includes(name)),
          ...after.filter((name) => !before.includes(name)),
        ];
        expect(
          changed.filter((name) => changes?.test(name) !== true),
          what,
        ).toEqual([]);
        for (const name of before.filter((one) => after.includes(one))) {
          expect(
            isSameFile(
              join(template.backupDir, name),
              join(server.backupDir, name),
            ),
            what,
          ).toBe(true);
        }

        expect(
          compareTrees(template.storeDir, server.storeDir, {
            directoryTimes: false,
          }),
          what,
        ).toEqual([]);
        removeTemporary(place);
      }
    });
  },
);

/** A copy whose files are links to the template's: nothing writes into a file that it did not make. */
function copyOf(place: string): Installation {
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  const server = buildInstallation(join(place, 'server'), { store: {} });
  for (const name of ['storeDir', 'backupDir'] as const) {
    expectDone(runTool('cp', ['-al', `${template[name]}/.`, server[name]]));
  }

  return server;
}

function isSameFile(one: string, other: string): boolean {
  return readFileSync(one).equals(readFileSync(other));
}

/** Where a recover keeps what it replaced: of the configuration, and of the store. */
const STAGINGS = [
  join('server', '.kms-backup-recover'),
  join('server', 'store', '.kms-backup-recover'),
];

/** Everything below a directory that a run should have taken away; what a recover keeps that was done is none of it. */
function temporaries(place: string): string[] {
  const kept = STAGINGS.filter((staging) => {
    const path = join(place, staging);

    return existsSync(path) && keepsOldState(path);
  });
  const names = readdirSync(place, { recursive: true, encoding: 'utf8' });

  return names.filter(
    (name) =>
      /\.part$|-tmp|kms-backup-recover|\.lock/.test(name) &&
      !kept.some((staging) => name.startsWith(staging)) &&
      existsSync(join(place, name)),
  );
}
