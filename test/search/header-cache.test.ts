import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, rotateAt } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import {
  BINARY,
  type Ended,
  hasTool,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const NAME = '.kms-backup-headers';
const PATH = 'mail/example.com/alice/INBOX/#msgs';

let dir = '';
let server: Installation;
let cache = '';
/** What a search finds without the cache. */
let truth: unknown;
let sound = Buffer.alloc(0);

const put = (number: number, subject: string): void => {
  const target = join(server.storeDir, PATH);
  mkdirSync(target, { recursive: true });
  writeFileSync(
    join(target, `0000000${String(number)}.eml`),
    `From: weber@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${String(number)}@example.com>\r\n\r\nwords\r\n`,
  );
};

const search = async (...flags: string[]): Promise<unknown> => {
  const { status, json } = await kmsJsonInProcess([
    'search',
    server.backupDir,
    '--server-dir',
    server.serverDir,
    '--from',
    'weber',
    ...flags,
  ]);

  return { status, ...json, at: undefined };
};

const ownFiles = (): string[] =>
  readdirSync(server.backupDir).filter((name) => name.startsWith(NAME));

beforeAll(async () => {
  dir = temporaryDirectory('headers');
  server = buildInstallation(join(dir, 'server'), { store: {} });
  cache = join(server.backupDir, NAME);
  put(1, 'secret of the old archive');
  put(2, 'kept');
  await backUpAt(server, 'full', '2026-03-01T01:00:00Z', { rotates: false });
  rmSync(join(server.storeDir, PATH, '00000001.eml'));
  put(3, 'new');
  await backUpAt(server, 'full', '2026-03-02T01:00:00Z', { rotates: false });
  truth = await search('--no-cache');
  expect(ownFiles()).toEqual([]);
  expect(truth).toMatchObject({ status: 0, searched: 3 });
  await search();
  sound = readFileSync(cache);
});
afterAll(() => {
  removeTemporary(dir);
});
beforeEach(() => {
  rmSync(cache, { recursive: true, force: true });
  writeFileSync(cache, sound, { mode: 0o600 });
});

/** Puts another head before the same columns, with a checksum that fits. */
function withHead(change: (head: Record<string, unknown>) => void): Buffer {
  const length = sound.readUInt32LE(4);
  const head = JSON.parse(sound.subarray(12, 12 + length).toString()) as Record<
    string,
    unknown
  >;
  change(head);

  const text = Buffer.from(JSON.stringify(head));
  const front = Buffer.alloc(12);
  sound.copy(front, 0, 0, 4);
  front.writeUInt32LE(text.length, 4);
  front.writeUInt32LE(crc32(text), 8);
  const room = Buffer.alloc((8 - ((12 + text.length) % 8)) % 8);
  const columns = sound.subarray(Math.ceil((12 + length) / 8) * 8);

  return Buffer.concat([front, text, room, columns]);
}

/** Puts other bytes into a column, with a checksum that fits. */
function withColumn(name: string, change: (bytes: Buffer) => void): Buffer {
  const length = sound.readUInt32LE(4);
  const start = Math.ceil((12 + length) / 8) * 8;
  let place = { at: 0, bytes: 0 };
  const changed = Buffer.from(sound);

  withHead((head) => {
    place = (head['columns'] as Record<string, typeof place>)[name] ?? place;
  });
  const column = changed.subarray(
    start + place.at,
    start + place.at + place.bytes,
  );
  change(column);
  const crc = crc32(column);
  const before = sound;
  sound = changed;
  const whole = withHead((head) => {
    Object.assign((head['columns'] as Record<string, object>)[name] ?? {}, {
      crc,
    });
  });
  sound = before;

  return whole;
}

/** The whole answer, nothing left behind, and a word of it with --verbose. */
function expectWithout({ status, stdout, stderr }: Ended): void {
  expect([status, stderr]).toEqual([
    0,
    expect.stringContaining('no headers are kept'),
  ]);
  expect(stdout).toContain('3 messages found');
  expect(ownFiles()).toEqual([]);
}

describe('the headers that a search keeps', () => {
  it('are for their user alone, and give the same answer', async () => {
    expect(statSync(cache).mode & 0o777).toBe(0o600);
    expect(await search()).toEqual(truth);
    expect(readFileSync(cache)).toEqual(sound);
  });

  it('are made anew where they were removed, or are something else', async () => {
    const others: [string, () => void][] = [
      ['removed', () => undefined],
      [
        'empty',
        () => {
          writeFileSync(cache, '');
        },
      ],
      [
        'text',
        () => {
          writeFileSync(cache, 'x'.repeat(5000));
        },
      ],
      [
        'a directory',
        () => {
          mkdirSync(cache);
        },
      ],
      [
        'a pipe',
        () => {
          runTool('mkfifo', [cache]);
        },
      ],
    ];

    for (const [what, make] of others) {
      rmSync(cache, { recursive: true, force: true });
      make();
      expect(await search(), what).toEqual(truth);
    }
  });

  it('are made anew where a byte is wrong or the end is missing', async () => {
    const random = new Random(7);

    for (let time = 0; time < 60; time++) {
      const bytes = Buffer.from(sound);
      const at = random.int(0, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(0, 7));
      writeFileSync(cache, time % 3 === 0 ? bytes.subarray(0, at) : bytes);
      expect(await search(), `byte ${String(at)}`).toEqual(truth);
    }
  });

  it('never make up a message, and never end a search, whatever they say', async () => {
    const far = (bytes: Buffer): void => {
      bytes.fill(0xff);
    };

    const none = (bytes: Buffer): void => {
      bytes.fill(0);
    };

    const numbers = [
      ...['directories', 'sizes', 'crcs', 'received', 'holders', 'volumes'],
      ...['files ends', 'from ends', 'dates'],
    ];

    for (const name of numbers) {
      for (const change of [far, none]) {
        if (name === 'dates' || name === 'received') continue;
        if (
          change === none &&
          ['directories', 'volumes', 'holders'].includes(name)
        ) {
          continue;
        }

        writeFileSync(cache, withColumn(name, change));
        expect(await search(), name).toEqual(truth);
      }
    }

    // The names of other messages, and senders that nobody wrote.
    const foreign = (bytes: Buffer): void => {
      bytes.write('9', 5);
    };

    writeFileSync(cache, withColumn('files', foreign));
    expect(await search()).toEqual(truth);
    writeFileSync(
      cache,
      withColumn('subject', (bytes) => {
        bytes.write('forged');
      }),
    );
    expect(await search('--subject', 'forged')).toMatchObject({
      status: 10,
      messages: [],
    });
  });

  it('are made anew for other archives, and by another version', async () => {
    for (const change of [
      (head: Record<string, unknown>) => {
        head['schema'] = 'kms-backup/headers/9';
      },
      (head: Record<string, unknown>) => {
        head['archives'] = [];
      },
      (head: Record<string, unknown>) => {
        head['count'] = 1e9;
      },
      (head: Record<string, unknown>) => {
        head['directories'] = [['mail/../../etc/', 3]];
      },
      (head: Record<string, unknown>) => {
        head['columns'] = { files: { at: -8, bytes: 1e300, crc: 0 } };
      },
    ]) {
      writeFileSync(cache, withHead(change));
      expect(await search()).toEqual(truth);
    }

    const copy = join(server.backupDir, 'C20260303T010000Z.zip');
    copyFileSync(join(server.backupDir, 'F20260301T010000Z.zip'), copy);
    try {
      expect(await search()).toMatchObject({ searched: 3 });
      expect(await search()).not.toEqual(truth);
    } finally {
      rmSync(copy);
    }

    expect(await search()).toEqual(truth);
  });

  it('are left by the last of several searches at once, whole', async () => {
    rmSync(cache);
    const run = promisify(execFile);
    const args = [BINARY, 'search', server.backupDir, '--from', 'weber'];
    const answers = await Promise.all(
      Array.from({ length: 3 }, () =>
        run(process.execPath, args, { env: QUIET_ENVIRONMENT }),
      ),
    );
    for (const { stdout } of answers) {
      expect(stdout).toContain('3 messages found');
    }

    expect(ownFiles()).toEqual([NAME]);
    expect(await search()).toEqual(truth);
  });

  it.skipIf(!canRefuse)('are done without where there is no room', () => {
    for (const [call, errno] of [
      ['write', 28],
      ['write', 122],
      ['rename', 13],
    ] as const) {
      rmSync(cache, { force: true });
      const ended = kmsRefused(
        ['search', server.backupDir, '--from', 'weber', '--verbose'],
        { call, errno, below: server.backupDir },
      );
      expectWithout(ended);
    }
  });

  it.skipIf(!hasTool('setpriv'))(
    'are done without where the directory may not be written (needs setpriv)',
    () => {
      rmSync(cache);
      chmodSync(server.backupDir, 0o500);
      const bounded = ['--bounding-set', '-dac_override,-dac_read_search'];
      const args = ['search', server.backupDir, '--from', 'weber', '-v'];
      const ended = runTool(
        'setpriv',
        [...bounded, '--inh-caps', '-all', process.execPath, BINARY, ...args],
        { env: QUIET_ENVIRONMENT },
      );
      chmodSync(server.backupDir, 0o700);
      expectWithout(ended);
    },
  );

  it('lose with an archive that is rotated away what it alone had', async () => {
    const other = buildInstallation(join(dir, 'rotated'), { store: {} });
    const kept = server;
    server = other;
    try {
      put(1, 'secret of the old archive');
      put(2, 'kept');
      await backUpAt(server, 'full', '2026-03-01T01:00:00Z', {
        rotates: false,
      });
      rmSync(join(server.storeDir, PATH, '00000001.eml'));
      await backUpAt(server, 'full', '2026-03-02T01:00:00Z', {
        rotates: false,
      });
      await search();

      const own = join(server.backupDir, NAME);
      expect(readFileSync(own, 'latin1')).toContain('secret of the old');
      await rotateAt(server.backupDir, '2026-03-02T02:00:00Z', { keep: 1 });
      expect(ownFiles()).toEqual([NAME]);
      expect(readFileSync(own, 'latin1')).not.toContain('secret of the old');

      const before = readFileSync(own);
      expect(await search()).toMatchObject({ status: 0, searched: 1 });
      // The file fits: nothing was read anew.
      expect(readFileSync(own).equals(before)).toBe(true);

      writeFileSync(`${own}.0123-4567.part`, 'left by a search that died');
      await backUpAt(server, 'full', '2026-03-03T01:00:00Z', {
        rotates: false,
      });
      expect(ownFiles()).toEqual([NAME]);
    } finally {
      server = kept;
    }
  });

  it('are no part of what other commands see', async () => {
    const { stdout } = await kmsInProcess(['list-archives', server.backupDir]);
    expect(stdout).toContain('2 archives');
    expect((await kmsInProcess(['verify', server.backupDir])).status).toBe(0);
    expect(existsSync(cache)).toBe(true);
  });
});
