import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeInstallation, temporaryDirectory } from '../helpers/configured-server.js';
import { smallStore } from '../helpers/installation.js';
import { buildTree } from '../helpers/store.js';
import { BINARY, type Ended } from '../helpers/tools.js';

/** Planted in every place that holds a password; in no output, log, report or mail. */
const SECRETS = {
  smtp: 'tulip-seven-smtp',
  disk: 'tulip-seven-disk',
  relay: 'D3S:tulip-seven-relay',
} as const;

const manifest = JSON.parse(readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8')) as {
  commands: Record<string, unknown>;
};

/** What cron gives: nothing. */
const cronEnvironment = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: home,
  LANG: 'C',
  KMS_BACKUP_PID_FILE: '/nonexistent/kms.pid',
  KMS_BACKUP_NETWORK_DISK_PASSWORD: SECRETS.disk,
});

interface Server {
  readonly dir: string;
  readonly backupDir: string;
  readonly home: string;
  readonly run: (...words: string[]) => Ended;
}

/** A server with mail, a log and every password planted; its mail service answers nobody. */
function plantedServer(): Server {
  const { dir, backupDir, configPath } = makeInstallation({ debugEvents: [['backup', '1']] });
  buildTree(join(dir, 'store'), smallStore());
  const config = readFileSync(configPath, 'utf8');
  writeFileSync(
    configPath,
    config.replace('D3S:abcdef', SECRETS.relay).replace('"AdminNotify"></', '"AdminNotify">admin@example.com</'),
  );
  writeFileSync(join(dir, 'users.cfg'), '<config>\r\n</config>\r\n');
  writeFileSync(join(dir, 'smtp password'), `${SECRETS.smtp}\n`, { mode: 0o600 });
  const ini = [
    '[smtp]',
    'host = 127.0.0.1',
    'port = 1',
    'user = backup',
    'password-file = smtp password',
    'tls = none',
  ];
  const disk = ['[network-disk]', 'user = NAS\\backup'];
  writeFileSync(join(dir, 'kms-backup.ini'), [...ini, ...disk, ''].join('\n'));
  const home = temporaryDirectory();
  const run = (...words: string[]): Ended => {
    const options = { encoding: 'utf8', env: cronEnvironment(home), cwd: dir, input: '', timeout: 60_000 } as const;
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [BINARY, ...words], options);
    return { status, signal, stdout, stderr };
  };
  return { dir, backupDir, home, run };
}

/** What each command is called with. */
const WORDS: Readonly<Record<string, (server: Server) => string[]>> = {
  completion: () => ['bash'],
  demo: () => [],
  export: ({ backupDir, home }) => [backupDir, '--output', join(home, 'all.zip'), '--overwrite'],
  recover: ({ backupDir }) => [backupDir, '--dry-run'],
  search: ({ backupDir }) => [backupDir, '--subject', 'one'],
  'config:set': () => ['keep=3'],
  'schedule:add': () => ['--type', 'diff', '--day', 'mon', '--time', '03:00'],
  'schedule:edit': () => ['1', '--time', '04:00'],
  'schedule:rm': () => ['2'],
  'schedule:export': () => ['--to', 'systemd'],
  'schedule:install': ({ home }) => ['--to', 'systemd', '--directory', home, '--even-if-disabled'],
  'schedule:uninstall': ({ home }) => ['--to', 'systemd', '--directory', home],
};
/** Without it the command has nothing to work on. */
const NEEDS_ARCHIVE = new Set([
  'export',
  'recover',
  'search',
  'verify',
  'list-archives',
  'rotate',
  'status',
  'doctor',
  'log:show',
]);
/** Everything else ends with 0 here: the wizard has no terminal, the mail service does not answer. */
const EXPECTED: Readonly<Record<string, number>> = { 'config:wizard': 2, 'notify:test': 1 };

function expectNoSecret(what: string, text: string): void {
  for (const secret of Object.values(SECRETS)) {
    for (const form of [secret, Buffer.from(secret).toString('base64')]) {
      expect(text.includes(form), `${what} holds ${form}`).toBe(false);
    }
  }
}

function parseOnly(stdout: string): { schema?: string } {
  expect(stdout.endsWith('\n')).toBe(true);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as { schema?: string };
}

describe.each(Object.keys(manifest.commands))('%s', (id) => {
  const words = id.split(':');

  it('ends alike with --json and without, as from cron, and prints one document or none', () => {
    const ends = [[], ['--json']].map((more) => {
      const server = plantedServer();
      if (NEEDS_ARCHIVE.has(id)) expect(server.run('backup', 'full', '--notify', 'never')).toMatchObject({ status: 0 });
      return server.run(...words, ...(WORDS[id]?.(server) ?? []), ...more);
    });
    const [text, json] = ends as [Ended, Ended];
    expect([text.status, json.status], text.stderr + json.stderr).toEqual([EXPECTED[id] ?? 0, EXPECTED[id] ?? 0]);
    expect(parseOnly(json.stdout).schema).toMatch(/^kms-backup\/[a-z-]+\/1$/);
    if (json.status !== 0) expect(text.stdout).toBe('');
    for (const { stdout, stderr } of ends) {
      expectNoSecret(`kms-backup ${words.join(' ')}`, stdout + stderr);
      expect(stderr).not.toMatch(/UNEXPECTED|\n {4}at /);
    }
  });

  it('ends with 2 both ways for a flag that it does not know', () => {
    const { run } = plantedServer();
    const [text, json] = [run(...words, '--no-such-flag'), run(...words, '--no-such-flag', '--json')];
    expect([text.status, json.status, text.stdout]).toEqual([2, 2, '']);
    expect(parseOnly(json.stdout)).toMatchObject({ schema: 'kms-backup/error/1', exitCode: 2 });
  });

  it('has examples and every exit code in its help', () => {
    const { status, stdout } = plantedServer().run(...words, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nEXIT STATUS\n +0 /);
    expect(stdout).toMatch(/\nEXAMPLES\n +\S/);
  });
});

/** Every file below a directory. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

describe('a planted password', () => {
  it('stands in nothing that a run leaves: logs, spooled mail, metrics, pages, hooks', () => {
    const server = plantedServer();
    const seen = join(server.home, 'hook.txt');
    mkdirSync(join(server.home, 'out'));
    const more = `[hooks]\nafter = env > "${seen}"\n[metrics]\ntextfile = ${join(server.home, 'out', 'kms.prom')}\n`;
    const ini = join(server.dir, 'kms-backup.ini');
    writeFileSync(ini, readFileSync(ini, 'utf8') + more);
    const planted = new Set(filesBelow(server.dir));
    const run = server.run('backup', 'full', '--verbose', '--progress', 'json', '--mask', 'mail');
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining('no notification was sent')]);
    server.run('status', '--html', join(server.home, 'out', 'page.html'));
    server.run('schedule', 'install', '--to', 'systemd', '--directory', join(server.home, 'out'), '--even-if-disabled');
    const left = [...filesBelow(server.dir), ...filesBelow(server.home)].filter((path) => !planted.has(path));
    const logs = filesBelow(join(server.dir, 'store', 'logs'));
    expect(left.length).toBeGreaterThan(3);
    expect(logs.map((path) => readFileSync(path, 'latin1')).join('')).toContain('{backup}');
    for (const path of [...left, ...logs]) {
      if (path === seen) continue;
      expectNoSecret(path, readFileSync(path, 'latin1'));
    }
    expect(readFileSync(seen, 'utf8')).not.toContain(SECRETS.smtp);
  });
});
