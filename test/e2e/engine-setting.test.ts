import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { codecNamed } from '../../src/archive/zip/codec.js';
import { buildInstallation, message } from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const LEVEL = 6;
/** More files than the main thread packs by itself. */
const MESSAGES = 1100;
/** Each thread's engine gets through its own test and some files, and fails then. */
const CALLS_THAT_SUCCEED = 200;

const random = new Random(5);
const MAIL = Buffer.from(message('the same', random, 3000));
/** Deflated in chunks. */
const LARGE_MAIL = message('a large one', random, 5_000_000);

let dir: string;
let serverDir: string;
let backupDir: string;

beforeAll(() => {
  dir = temporaryDirectory('engine');
  const names = Array.from({ length: MESSAGES }, (_, uid) => uid.toString(16));
  const messages = Object.fromEntries(
    names.map((name) => [`${name.padStart(8, '0')}.eml`, MAIL] as const),
  );
  const inbox = { '#msgs': { ...messages, 'ffffffff.eml': LARGE_MAIL } };
  ({ serverDir, backupDir } = buildInstallation(join(dir, 'server'), {
    store: { mail: { 'example.com': { alice: { INBOX: inbox } } } },
  }));
});

afterAll(() => {
  removeTemporary(dir);
});

beforeEach(() => {
  removeTemporary(backupDir);
});

function choose(engine: 'own' | 'zlib'): void {
  writeFileSync(
    join(serverDir, 'kms-backup.ini'),
    `[backup]\nengine = ${engine}\nthreads = 2\nlevel = ${LEVEL}\n`,
  );
}

function kms(args: readonly string[], env = {}): Ended {
  return runTool(
    process.execPath,
    [BINARY, ...args, '--server-dir', serverDir],
    { env: { ...QUIET_ENVIRONMENT, ...env } },
  );
}

/** The number of messages in the archive that an engine deflated. */
function countDeflatedBy(name: 'own' | 'zlib'): number {
  const output = Buffer.alloc(2 * MAIL.length);
  const place = { kind: 'file', level: LEVEL } as const;
  const written = codecNamed(name).deflate(MAIL, output, place);
  const stream = output.subarray(0, written).toString('latin1');

  const volume = readdirSync(backupDir).find((name) => name.endsWith('.zip'));
  const bytes = readFileSync(join(backupDir, volume ?? expect.fail()));

  return bytes.toString('latin1').split(stream).length - 1;
}

it.each(['own', 'zlib'] as const)(
  'engine = %s compresses every file by that engine, in each thread, and verifies',
  (engine) => {
    choose(engine);
    const ended = kms(['backup', 'full', '--json', '--new-target']);
    expectDone(ended);
    expectDone(kms(['verify', backupDir]));

    expect(JSON.parse(ended.stdout)).toMatchObject({ warnings: [] });
    expect(countDeflatedBy(engine)).toBe(MESSAGES);
    expect(countDeflatedBy(engine === 'own' ? 'zlib' : 'own')).toBe(0);

    const fact = engine === 'own' ? 'own engine' : 'zlib, as';
    expect(kms(['doctor']).stdout).toMatch(
      new RegExp(`^ok +compression .*${fact}`, 'm'),
    );
  },
);

it('doctor says where there is no WebAssembly', () => {
  choose('own');
  const doctor = ['--jitless', BINARY, 'doctor', '--server-dir', serverDir];
  expect(runTool(process.execPath, doctor).stdout).toMatch(
    /^warning +compression +zlib .* there is no WebAssembly here$/m,
  );
});

describe('an engine that fails in the middle of a backup', () => {
  /** Loaded before the program, in each of its threads. */
  function failing(callsThatSucceed: number): Record<string, string> {
    const script = join(dir, 'failing.cjs');
    writeFileSync(
      script,
      `const { Instance, RuntimeError } = WebAssembly;
      let calls = 0;
      WebAssembly.Instance = class {
        constructor(module) {
          const { exports } = new Instance(module);
          const deflate = (...args) => {
            const written = exports.deflate(...args);
            if (++calls > ${callsThatSucceed}) throw new RuntimeError('unreachable');
            return written;
          };
          this.exports = { ...exports, deflate };
        }
      };`,
    );

    return { NODE_OPTIONS: `--require "${script.replaceAll('\\', '/')}"` };
  }

  it.each([
    ['after some files', CALLS_THAT_SUCCEED],
    ['in its own test', 3],
  ])('leaves the rest to zlib %s, with a word', (_when, callsThatSucceed) => {
    choose('own');
    const backup = ['backup', 'full', '--json', '--new-target'];
    const ended = kms(backup, failing(callsThatSucceed));
    expectDone(ended);
    expectDone(kms(['verify', backupDir]));

    const byOwn = countDeflatedBy('own');
    expect(byOwn > 0).toBe(callsThatSucceed === CALLS_THAT_SUCCEED);
    expect(byOwn).toBeLessThan(2 * CALLS_THAT_SUCCEED);
    expect(countDeflatedBy('zlib')).toBe(MESSAGES - byOwn);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      warnings: [
        'the compression engine failed (unreachable), and zlib compressed in its place: the archive is whole',
      ],
    });
  });
});
