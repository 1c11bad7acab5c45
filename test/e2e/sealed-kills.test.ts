/** A backup into a directory where everything is sealed, on a host without the identity, killed at its steps or out of room. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  canFakeTime,
  canInject,
  kmsAt,
  kmsWithFaults,
  wasKilled,
} from '../helpers/faults.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import { newKeyPair } from '../helpers/sealing.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { expectDone, expectEnd } from '../helpers/tools.js';

const EARLIER = '2024-01-10 01:00:00';
const FROZEN = '2024-01-15 01:00:00';
const FULL = 'F20240115T010000Z';
const random = new Random(9);
/** Three volumes. */
const STORE: Tree = {
  mail: {
    'example.com': {
      alice: {
        INBOX: {
          '#msgs': Object.fromEntries(
            Array.from({ length: 30 }, (_, i) => [
              `${i.toString(16).padStart(8, '0')}.eml`,
              message(`mail ${String(i)}`, random, 60_000),
            ]),
          ),
        },
      },
    },
  },
};
const IS_THOROUGH = process.env['KMS_TEST_THOROUGH'] === '1';

let dir = '';
let server: Installation;
let kept: string | undefined;

const vault = (): string => join(dir, 'vault');
const state = (): string => join(dir, 'state');
const identity = (): string => join(dir, 'identity');
const places = (): string[] => ['--server-dir', server.serverDir];
const backup = (type: string): string[] => [
  ...['backup', type, ...places(), '--backup-dir', vault()],
  ...['--volume-size', '700KB', '--no-rotate'],
];

beforeAll(async () => {
  kept = process.env['KMS_BACKUP_STATE_DIR'];
  dir = temporaryDirectory('sealed-kills');
  process.env['KMS_BACKUP_STATE_DIR'] = state();
  server = buildInstallation(join(dir, 'server'), { store: STORE });
  const pair = await newKeyPair();
  writeFileSync(identity(), pair.identity, { mode: 0o600 });
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    [
      '[target.vault]',
      'type = directory',
      `directory = ${vault()}`,
      `recipients = ${pair.recipient}`,
      '',
    ].join('\n'),
  );
  mkdirSync(vault());
  expectDone(kmsAt(EARLIER, backup('full')));
  for (const place of ['vault', 'state']) {
    cpSync(join(dir, place), join(dir, `${place}-before`), { recursive: true });
  }
});

afterEach(() => {
  for (const place of ['vault', 'state']) {
    rmSync(join(dir, place), { recursive: true });
    cpSync(join(dir, `${place}-before`), join(dir, place), { recursive: true });
  }
});

afterAll(() => {
  if (kept === undefined) delete process.env['KMS_BACKUP_STATE_DIR'];
  else process.env['KMS_BACKUP_STATE_DIR'] = kept;
  removeTemporary(dir);
});

/** Every file below a directory. */
const filesBelow = (place: string): string[] =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** What one night writes and the next has no use for, plain mail first of all. */
const leftovers = (): string[] =>
  [...filesBelow(vault()), ...filesBelow(state())].filter((file) =>
    /\.part$|\d\.zip$/.test(file),
  );

/** The next night measures against what is there, without the identity; with it, everything comes back. */
async function expectNextNight(where: string): Promise<void> {
  const next = await kmsInProcess(backup('diff'));
  expect(`${next.stdout}${next.stderr}`, where).not.toContain('becomes a full');
  expectDone(next);
  expect(leftovers(), where).toEqual([]);
  expect(
    filesBelow(vault()).filter((file) => /\/I.*\.zip\.age$/.test(file)),
    where,
  ).not.toEqual([]);
  await expectAllBack(where);
}

async function expectAllBack(where: string): Promise<void> {
  const opened = ['--identity', identity()];
  expectDone(await kmsInProcess(['verify', vault(), ...places(), ...opened]));
  const recovered = buildInstallation(join(dir, 'recovered'));
  const words = ['recover', vault(), '--server-dir', recovered.serverDir];
  expectDone(await kmsInProcess([...words, ...opened, '--yes']));
  const differences = compareTrees(server.storeDir, recovered.storeDir, {
    directoryTimes: false,
    ignore: (path) => path.startsWith('.kms-backup-reading-'),
  });
  expect(differences, where).toEqual([]);
  removeTemporary(join(dir, 'recovered'));
}

describe.skipIf(!canInject || !canFakeTime)(
  'a sealed backup on a host without the identity (needs strace and faketime)',
  () => {
    it.each(['rename', 'fsync', 'unlink'])(
      'killed at any %s, leaves what the next differential can be measured against, and nothing plain behind it',
      async (call) => {
        let kills = 0;

        for (
          let when = 1;
          when < 100;
          when += IS_THOROUGH || call === 'rename' ? 1 : when
        ) {
          const inject = [`${call}:signal=SIGKILL:when=${String(when)}`];
          const ended = kmsWithFaults(backup('full'), {
            inject,
            frozenAt: FROZEN,
          });
          if (!wasKilled(ended)) {
            expectDone(ended);
            break;
          }

          kills++;
          await expectNextNight(`killed at ${call} ${String(when)}`);
          for (const place of ['vault', 'state']) {
            rmSync(join(dir, place), { recursive: true });
            cpSync(join(dir, `${place}-before`), join(dir, place), {
              recursive: true,
            });
          }
        }

        expect(kills).toBeGreaterThan(call === 'unlink' ? 0 : 3);
      },
    );

    it.each([
      ['the sealed volume', vault],
      ['the plain one on its way', state],
    ])(
      'says that the disk of %s is full, and leaves nothing',
      async (_, of) => {
        const place = of();
        const seen = kmsWithFaults(backup('full'), {
          inject: ['write,pwrite64,pwritev:error=ENOSPC:when=1'],
          paths: pathsIn(place),
          frozenAt: FROZEN,
        });
        expectEnd(seen, 14, 'NO_SPACE');
        expect(existsSync(join(vault(), `${FULL}.zip.age`))).toBe(false);
        expect(leftovers()).toEqual([]);
        await expectNextNight(`full disk in ${place}`);
      },
    );
  },
);

/** The files that a run is going to write there. */
function pathsIn(place: string): string[] {
  if (place === vault()) return [join(place, `${FULL}.zip.age.part`)];

  const [target = ''] = readdirSync(join(place, 'targets'));

  return [join(place, 'targets', target, 'spool', `${FULL}.zip.part`)];
}
