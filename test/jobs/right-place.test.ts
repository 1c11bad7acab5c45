import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planNightlyBackup } from '../../src/jobs/nightly-backup.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import { readIniFile } from '../../src/settings/ini-file.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  BINARY,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';
import { backUpAt, backupRequest, clockFrom } from '../helpers/nights.js';

const MARKER = '.kms-backup-place.json';

let dir: string;
let server: Installation;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-place-'));
  server = buildInstallation(join(dir, 'server'));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const away = (): string => join(dir, 'unmounted');

/** What a directory is where its disk is not mounted: another one, and empty. */
function unmount(): void {
  renameSync(server.backupDir, away());
  mkdirSync(server.backupDir);
}

function mount(): void {
  rmSync(server.backupDir, { recursive: true, force: true });
  renameSync(away(), server.backupDir);
}

const backUp = (at: string, isNewTarget = false): ReturnType<typeof backUpAt> =>
  backUpAt(server, 'full', at, { isNewTarget });

function plan(at: string): ReturnType<typeof planNightlyBackup> {
  const request = backupRequest(server, 'full', clockFrom(at));

  return planNightlyBackup({
    request,
    ini: readIniFile(server.serverDir),
    rule: undefined,
    isNewTarget: false,
    rotates: true,
    policy: limitPolicy(7, false),
  });
}

const idOf = (directory: string): unknown =>
  (JSON.parse(readFileSync(join(directory, MARKER), 'utf8')) as { id: unknown })
    .id;

test('a disk that is not mounted gets no backup and no directory, and is known again when it is back', async () => {
  await backUp('2026-01-01T01:00:00Z');
  await backUp('2026-01-02T01:00:00Z');
  unmount();

  const refusal = {
    code: 'DISK_AWAY',
    exitCode: 10,
    message: expect.stringMatching(
      /^the backup disk seems not to be mounted \(2 archives were here .*\): .* has no archives$/,
    ) as string,
  };

  await expect(backUp('2026-01-03T01:00:00Z')).rejects.toMatchObject(refusal);
  await expect(plan('2026-01-03T01:00:00Z')).rejects.toMatchObject(refusal);
  expect(readdirSync(server.backupDir)).toEqual([]);

  rmSync(server.backupDir, { recursive: true });

  await expect(backUp('2026-01-03T01:00:00Z')).rejects.toMatchObject({
    code: 'DISK_AWAY',
  });

  expect(existsSync(server.backupDir)).toBe(false);

  mount();
  const { warnings } = await backUp('2026-01-03T01:00:00Z');
  expect(warnings).toEqual([]);
});

test('--new-target begins anew once; both disks are known afterwards', async () => {
  await backUp('2026-01-01T01:00:00Z');
  const first = idOf(server.backupDir);

  unmount();
  await backUp('2026-01-02T01:00:00Z', true);
  expect(idOf(server.backupDir)).not.toBe(first);
  await backUp('2026-01-03T01:00:00Z');

  mount();
  await backUp('2026-01-04T01:00:00Z');
  expect(idOf(server.backupDir)).toBe(first);
});

test('archives of a version without markers are gone on with, and their directory is marked', async () => {
  await backUp('2026-01-01T01:00:00Z');
  rmSync(join(server.backupDir, MARKER));
  rmSync(join(server.serverDir, 'kms-backup-places.json'));

  const { warnings } = await backUp('2026-01-02T01:00:00Z');

  expect(warnings).toEqual([]);
  expect(existsSync(join(server.backupDir, MARKER))).toBe(true);
});

test('a marker and a memory that say nothing usable are written anew', async () => {
  await backUp('2026-01-01T01:00:00Z');
  writeFileSync(join(server.backupDir, MARKER), '{"schema":');
  writeFileSync(join(server.serverDir, 'kms-backup-places.json'), '[]');

  const { warnings } = await backUp('2026-01-02T01:00:00Z');

  expect(warnings).toEqual([]);
  expect(idOf(server.backupDir)).toEqual(expect.any(String));
});

test('a directory of another server is warned of each night and stays marked as its', async () => {
  const other = buildInstallation(join(dir, 'other'));
  const text = readFileSync(join(other.serverDir, 'mailserver.cfg'), 'utf8')
    .replaceAll('mail.example.com', 'mail2.example.com')
    .replaceAll(other.backupDir, server.backupDir);

  writeFileSync(join(other.serverDir, 'mailserver.cfg'), text);
  await backUpAt(other, 'full', '2026-01-01T01:00:00Z');
  const id = idOf(server.backupDir);

  for (const night of ['02', '03']) {
    const { warnings } = await backUp(`2026-01-${night}T01:00:00Z`);
    expect(warnings.map(({ text: warning }) => warning).join()).toContain(
      'is marked as the backup directory of mail2.example.com',
    );
  }

  expect(idOf(server.backupDir)).toBe(id);
});

test('a dry run works where the real run would make the directory', async () => {
  rmSync(server.backupDir, { recursive: true });

  const report = await plan('2026-01-01T01:00:00Z');

  expect(report.archive).toBe('F20260101T010000Z.zip');
  expect(existsSync(server.backupDir)).toBe(false);
});

test('status and doctor say the same as the backup', async () => {
  await backUp('2026-01-01T01:00:00Z');
  unmount();

  const words = ['--server-dir', server.serverDir];
  const status = await kmsInProcess(['status', ...words]);
  const doctor = await kmsInProcess(['doctor', ...words]);

  expect(status.stdout).toMatch(
    /CRITICAL[^]*the backup disk seems not to be mounted \(1 archive was here/,
  );
  expect(status.stdout).not.toContain('there is no archive at all');
  expect(doctor.stdout).toMatch(
    /problem +backup disk +the backup disk seems not to be mounted/,
  );
});

test('where the memory is lost the history has it, whatever ran since', async () => {
  const words = ['backup', 'full', '--server-dir', server.serverDir];
  expectDone(await kmsInProcess(words));
  expectDone(await kmsInProcess(['drill', '--server-dir', server.serverDir]));
  rmSync(join(server.serverDir, 'kms-backup-places.json'));
  unmount();

  const ended = await kmsInProcess(words);

  expect(ended.status).toBe(10);
  expect(ended.stderr).toContain('Code: DISK_AWAY');
});

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

test.skipIf(!canMount)(
  'a disk that is not mounted, and another one in its place, get no backup',
  () => {
    const place = server.backupDir;
    for (const name of [place, join(dir, 'own'), join(dir, 'other')]) {
      mkdirSync(name, { recursive: true });
    }

    const script = `cd '${dir}' || exit
      backUp() { "$NODE" "$PROGRAM" backup full --server-dir server --quiet "$@" 2>message; echo "$? $(grep ^Code: message) $(ls '${place}' | wc -l)"; }
      mount -t tmpfs own own && mount -t tmpfs other other || exit
      mount --bind own '${place}' && backUp; umount '${place}'
      backUp
      mount --bind other '${place}' && backUp; umount '${place}'
      mount --bind own '${place}' && backUp; umount '${place}'
      mount --bind other '${place}' && backUp --new-target`;
    const { stdout } = runTool('unshare', ['-m', 'sh', '-c', script], {
      env: {
        ...QUIET_ENVIRONMENT,
        NODE: process.execPath,
        PROGRAM: BINARY,
      },
    });

    expect(stdout.split('\n')).toEqual([
      '0  1',
      '10 Code: DISK_AWAY 0',
      '10 Code: DISK_AWAY 0',
      '0  2',
      '0  1',
      '',
    ]);
  },
);
