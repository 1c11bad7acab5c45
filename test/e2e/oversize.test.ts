import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveType } from '../../src/archive/names.js';
import Recover from '../../src/commands/recover.js';
import { runInProcess, kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  smallStore,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import {
  BINARY,
  canBeNobody,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const NAME = '@backup/store/mail/example.com/alice/big.mbox';
const limits = { volumeLimitBytes: 65_536 };

let dir = '';
let server: Installation;
let big = '';
beforeEach(() => {
  dir = temporaryDirectory('oversize');
  server = buildInstallation(join(dir, 'server'), { store: smallStore() });
  big = join(server.storeDir, 'mail/example.com/alice/big.mbox');
});
afterEach(() => {
  removeTemporary(dir);
});

const night = (day: number): string =>
  `2026-01-${String(day).padStart(2, '0')}T01:00:00Z`;
const volumes = (letter: string): string[] =>
  readdirSync(server.backupDir).filter(
    (name) => name.startsWith(letter) && name.endsWith('.zip'),
  );
const writeBig = (): void => {
  writeFileSync(big, new Random(4).bytes(150_000));
  utimesSync(big, 1_700_000_000.5, 1_700_000_000.5);
};

/** The store that a recover of an archive gives, or of the whole directory. */
async function recover(archive = ''): Promise<string> {
  const other = buildInstallation(join(dir, 'other'), { store: {} });
  const from = join(server.backupDir, archive);
  const ended = await runInProcess(Recover, [
    from,
    '--server-dir',
    other.serverDir,
    '--yes',
    '--quiet',
  ]);
  expect(ended.exitCode, ended.output).toBe(0);
  return other.storeDir;
}

/** Recovers into an empty server as a user who has no rights but his own. */
function recoverAsNobody(): string {
  const other = buildInstallation(join(dir, 'other'), { store: {} });
  runTool('chown', ['-R', '65534:65534', dir]);

  const words = [server.backupDir, '--server-dir', other.serverDir, '--yes'];
  const { status, stderr } = spawnSync(
    process.execPath,
    [BINARY, 'recover', ...words],
    {
      encoding: 'utf8',
      uid: 65534,
      gid: 65534,
      env: { PATH: process.env['PATH'], ...QUIET_ENVIRONMENT },
    },
  );

  expect(status, stderr).toBe(0);

  return other.storeDir;
}

/** A full without the file, where a differential is asked for; then what is to be tested. */
async function prepare(type: ArchiveType): Promise<string> {
  if (type === 'differential') await backUpAt(server, 'full', night(1), limits);
  writeBig();
  return { full: 'F', differential: 'I', copy: 'C' }[type];
}

/** The file as the parts have it, put together by another tool that knows nothing of parts. */
function joinParts(letter: string): Buffer {
  const out = join(dir, 'unzipped');
  for (const volume of volumes(letter)) {
    const { status } = runTool('unzip', [
      '-qo',
      join(server.backupDir, volume),
      '-d',
      out,
    ]);
    expect(status).toBe(0);
  }

  const folder = join(out, '@backup/store/mail/example.com/alice');
  const parts = readdirSync(folder).filter((name) =>
    name.startsWith('big.mbox'),
  );
  expect(parts).toEqual(
    [1, 2, 3].map((part) => `big.mbox.kms-part-${String(part)}-of-3`),
  );
  return Buffer.concat(parts.map((part) => readFileSync(join(folder, part))));
}

describe.each(['full', 'differential', 'copy'] as const)(
  'a file that no volume holds, in a %s',
  (type) => {
    it('is left out and named, and everything else is there', async () => {
      const letter = await prepare(type);
      const { report } = await backUpAt(server, type, night(2), limits);
      expect(report.issues).toEqual([
        {
          kind: 'oversize',
          name: NAME,
          reason: '150000 bytes do not fit into a volume of 65536',
        },
      ]);
      expect(
        compareTrees(server.storeDir, await recover(volumes(letter).at(-1)), {
          directoryTimes: false,
        }),
      ).toEqual(['missing: mail/example.com/alice/big.mbox']);
    });

    it('is split where it is to be: plain entries to unzip, one file to a recover, unchanged to a differential', async () => {
      const letter = await prepare(type);
      const { report } = await backUpAt(server, type, night(2), {
        ...limits,
        oversize: 'split',
      });
      expect([report.issues, report.split]).toEqual([[], [NAME]]);
      expect(joinParts(letter).equals(readFileSync(big))).toBe(true);
      expectDone(
        await kmsInProcess([
          'verify',
          server.backupDir,
          '--server-dir',
          server.serverDir,
        ]),
      );
      expect(
        compareTrees(server.storeDir, await recover(volumes(letter).at(-1))),
      ).toEqual([]);
    });
  },
);

describe('a split file of a full', () => {
  it.each([
    ['is in no differential as long as it stays', () => undefined, []],
    [
      'is in the differential whole where it shrank',
      () => {
        writeFileSync(big, 'small now');
      },
      [NAME],
    ],
    [
      'is in the differential in other parts where it grew',
      () => {
        appendFileSync(big, new Random(5).bytes(80_000));
      },
      [1, 2, 3, 4].map((part) => `${NAME}.kms-part-${String(part)}-of-4`),
    ],
    [
      'is deleted as one file',
      () => {
        rmSync(big);
      },
      [],
    ],
  ])('%s', async (_, act, expected) => {
    writeBig();
    await backUpAt(server, 'full', night(1), { ...limits, oversize: 'split' });
    act();
    await backUpAt(server, 'differential', night(2), {
      ...limits,
      oversize: 'split',
    });
    const names = volumes('I').flatMap((volume) =>
      runTool('unzip', ['-Z1', join(server.backupDir, volume)])
        .stdout.split('\n')
        .filter((name) => name.includes('big.mbox')),
    );
    expect(names).toEqual(expected);
    expect(compareTrees(server.storeDir, await recover())).toEqual([]);
  });
});

it.runIf(canBeNobody)(
  'a split file that nobody may write comes back whole, also without root',
  async () => {
    writeBig();
    chmodSync(big, 0o444);
    await backUpAt(server, 'full', night(1), { ...limits, oversize: 'split' });

    const recovered = recoverAsNobody();

    expect(compareTrees(server.storeDir, recovered)).toEqual([]);
    const { mode } = statSync(
      join(recovered, 'mail/example.com/alice/big.mbox'),
    );
    expect(mode & 0o777).toBe(0o444);
  },
);
