import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, describe, it } from 'vitest';
import { isUnicodeTerminal } from '../../src/ui/present/status.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import {
  BINARY,
  canBeNobody,
  type Ended,
  expectDone,
  hasTool,
  kms,
  type Json,
  runTool,
} from '../helpers/tools.js';

async function backedUp(): Promise<Installation> {
  const server = buildInstallation(temporaryDirectory());
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]),
  );
  return server;
}

/** What a recover leaves that was killed while it swapped. */
function interruptRecover(
  { serverDir }: Installation,
  phase: string,
  more: object = {},
): void {
  const staging = join(serverDir, '.kms-backup-recover');
  mkdirSync(staging);
  const journal = {
    phase,
    archive: 'F20261122T010003Z.zip',
    units: [],
    stagingDirs: [],
    keepsOld: false,
    ...more,
  };
  writeFileSync(join(staging, 'journal.json'), JSON.stringify(journal));
}

function holdRecoverLock({ serverDir }: Installation): string {
  const path = join(serverDir, '.kms-backup-recover.lock');
  const since = '2026-11-22T01:00:02.000Z';
  writeFileSync(
    path,
    JSON.stringify({
      pid: process.pid,
      host: hostname(),
      command: 'recover',
      since,
      birth: '',
    }),
  );
  return path;
}

const checkNamed = (json: Json, name: string): Json | undefined =>
  (json['checks'] as Json[]).find((check) => check['name'] === name);

describe('status', () => {
  it('draws the sizes of the last archives as bars, in ASCII where the locale has no more', async () => {
    const server = await backedUp();
    expectDone(
      await kmsInProcess(['backup', 'diff', '--server-dir', server.serverDir]),
    );
    const words = ['status', '--server-dir', server.serverDir];
    const ascii = kms(words, {
      env: { LANG: 'C', LC_ALL: undefined, LC_CTYPE: undefined },
    });
    expectDone(ascii);
    expect(ascii.stdout).toMatch(
      /^F\d{8}T\d{6}Z\.zip +[\d.]+ [KM]?i?B +#+\nI\d{8}T\d{6}Z\.zip +[\d.]+ [KM]?i?B +#+\n$/m,
    );
    const unicode = kms(words, { env: { LC_ALL: 'de_DE.UTF-8' } });
    expect(unicode.stdout).toMatch(/^F\S+ .*█+/m);
    for (const line of unicode.stdout
      .split('\n')
      .filter((it) => /█/.test(it))) {
      expect(line.length).toBeLessThanOrEqual(80);
    }

    const { json } = await kmsJsonInProcess(words);
    expect((json['recent'] as Json[]).map(({ type }) => type)).toEqual([
      'full',
      'differential',
    ]);
  });

  it('writes a page that holds all of it, whole or not at all', async () => {
    const server = await backedUp();
    const page = join(server.serverDir, 'state of backups.html');
    expectDone(
      await kmsInProcess([
        'status',
        '--server-dir',
        server.serverDir,
        '--html',
        page,
      ]),
    );
    const html = readFileSync(page, 'utf8');
    for (const text of ['<!DOCTYPE html>', 'example.com/alice', 'INBOX']) {
      expect(html).toContain(text);
    }

    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    const nowhere = await kmsInProcess([
      'status',
      '--server-dir',
      server.serverDir,
      '--html',
      '/nonexistent/page.html',
    ]);
    expect([nowhere.status, nowhere.stdout]).toEqual([1, '']);
    expect(nowhere.stderr).toContain('/nonexistent');
    expect(nowhere.stderr).not.toContain('UNEXPECTED');
  });

  it('calls only that serious on the page which makes it critical', async () => {
    const server = buildInstallation(temporaryDirectory());
    const cfg = readFileSync(join(server.serverDir, 'mailserver.cfg'), 'utf8');
    const off = cfg.replace(/(<variable name="Enabled">)1</, '$10<');
    writeFileSync(join(server.serverDir, 'mailserver.cfg'), off);
    const page = join(server.serverDir, 'page.html');
    expectDone(
      await kmsInProcess([
        'status',
        '--server-dir',
        server.serverDir,
        '--html',
        page,
      ]),
    );
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('Needs help: 1 serious problem');
    expect(html).toMatch(/Serious:<\/strong> there is no archive/);
    expect(html).toMatch(/Warning:<\/strong> backup is disabled/);
  });

  it('writes a page of a server that was never backed up', async () => {
    const server = buildInstallation(temporaryDirectory());
    rmSync(server.backupDir, { recursive: true });
    const page = join(server.serverDir, 'page.html');
    const ended = await kmsInProcess([
      'status',
      '--server-dir',
      server.serverDir,
      '--html',
      page,
    ]);
    expectDone(ended);
    expect(ended.stdout).toContain('CRITICAL');
    expect(readFileSync(page, 'utf8')).toContain('does not exist');
  });
});

it.skipIf(!canBeNobody || !hasTool('setpriv'))(
  'is unknown to a monitoring user who may not read the archives, and doctor says why',
  async () => {
    const server = await backedUp();
    chmodSync(server.serverDir, 0o755);
    chmodSync(dirname(server.serverDir), 0o755);
    const asNobody = (...words: string[]): Ended =>
      runTool('setpriv', [
        ...[
          '--reuid',
          '65534',
          '--regid',
          '65534',
          '--clear-groups',
          process.execPath,
          BINARY,
        ],
        ...[...words, '--server-dir', server.serverDir],
      ]);
    for (const mode of [0o755, 0o700]) {
      chmodSync(server.backupDir, mode);
      const status = asNobody('status', '--max-age', '26h');
      expect([status.status, status.stdout]).toEqual([
        3,
        expect.stringMatching(/UNKNOWN - cannot read/),
      ]);
      const doctor = asNobody('doctor');
      expect([doctor.status, doctor.stdout]).toEqual([
        1,
        expect.stringMatching(/^problem +archives +cannot read/m),
      ]);
      const unknown = /^ok +(leftovers|lock) +not known: .* cannot be read$/gm;
      expect(doctor.stdout.match(unknown) ?? []).toHaveLength(
        mode === 0o700 ? 2 : 0,
      );
    }
  },
);

it('says of a backup directory that is not there what is not known of it', async () => {
  const server = await backedUp();
  rmSync(server.backupDir, { recursive: true });
  rmSync(join(server.serverDir, 'kms-backup-places.json'), { force: true });
  rmSync(join(server.serverDir, 'kms-backup-history.jsonl'), { force: true });

  const words = ['doctor', '--server-dir', server.serverDir];
  const { stdout } = await kmsInProcess(words);

  expect(stdout).toMatch(/^ok +backup disk +not known: .* is not there$/m);
  expect(stdout).toMatch(/^ok +separate disk +not known: .* is not there$/m);
});

describe.each([
  [
    'swapping',
    'Run recover again to complete it, or recover --rollback to undo it.',
  ],
  [
    'rolling-back',
    'Run recover --rollback again: it completes what was begun.',
  ],
])('a recover that was interrupted while %s', (phase, advice) => {
  it('is critical for status, a problem for doctor, and stops a backup before it writes', async () => {
    const server = await backedUp();
    interruptRecover(server, phase);
    const before = readdirSync(server.backupDir);
    const status = await kmsJsonInProcess([
      'status',
      '--server-dir',
      server.serverDir,
      '--max-age',
      '26h',
    ]);
    expect([status.status, status.json['level']]).toEqual([2, 'critical']);
    expect((status.json['warnings'] as string[])[0]).toMatch(
      /F20261122T010003Z\.zip was interrupted/,
    );
    const doctor = await kmsJsonInProcess([
      'doctor',
      '--server-dir',
      server.serverDir,
    ]);
    expect(doctor.status).toBe(1);
    expect(checkNamed(doctor.json, 'recover')).toMatchObject({
      state: 'problem',
      advice,
    });
    const backup = await kmsInProcess([
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
    ]);
    expect(backup.status).toBe(1);
    expect(backup.stderr).toContain('half old, half new');
    expect(readdirSync(server.backupDir)).toEqual(before);
  });
});

it.each([
  ['swapping', 'was interrupted before it added anything'],
  ['rolling-back', 'messages that it added may still be there'],
])(
  'a recover with --additive that was interrupted while %s is told as what it is, and keeps no backup away',
  async (phase, fact) => {
    const server = await backedUp();
    interruptRecover(server, phase, { added: join(server.serverDir, 'added') });
    const words = ['--server-dir', server.serverDir];
    const { stdout } = await kmsInProcess(['status', ...words]);
    expect(stdout).toContain('F20261122T010003Z.zip with --additive');
    expect(stdout).toContain(fact);
    expect(stdout).not.toContain('half old');
    expectDone(await kmsInProcess(['backup', 'full', ...words]));
  },
);

it('a recover at work is a warning for status and doctor, and a lock for a backup', async () => {
  const server = await backedUp();
  const lock = holdRecoverLock(server);
  const status = await kmsJsonInProcess([
    'status',
    '--server-dir',
    server.serverDir,
  ]);
  expect(status.json['warnings']).toContainEqual(
    expect.stringContaining('a recover is at work: recover, pid'),
  );
  const doctor = await kmsJsonInProcess([
    'doctor',
    '--server-dir',
    server.serverDir,
  ]);
  expect(checkNamed(doctor.json, 'recover')).toMatchObject({
    state: 'warning',
  });
  expect(
    (await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]))
      .status,
  ).toBe(11);
  rmSync(lock);
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]),
  );
});

it('an old state that is kept for a rollback stops nothing', async () => {
  const server = await backedUp();
  interruptRecover(server, 'kept');
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]),
  );
  const doctor = await kmsJsonInProcess([
    'doctor',
    '--server-dir',
    server.serverDir,
  ]);
  expect(checkNamed(doctor.json, 'recover')).toMatchObject({ state: 'ok' });
});

describe('block characters', () => {
  it.each([
    [{ LANG: 'de_DE.UTF-8' }, 'linux', true],
    [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }, 'linux', false],
    [{ LANG: 'de_DE.utf8', LC_ALL: '' }, 'darwin', true],
    [{}, 'linux', false],
    [{ LANG: 'de_DE.UTF-8' }, 'win32', false],
    [{ WT_SESSION: 'x' }, 'win32', true],
  ] as const)('%o on %s: %s', (env, platform, expected) => {
    expect(isUnicodeTerminal(env, platform)).toBe(expected);
  });
});
