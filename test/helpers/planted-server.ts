import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeInstallation } from './configured-server.js';
import { expectDescribed } from './schemas.js';
import { smallStore } from './installation.js';
import { buildTree } from './store.js';
import type { Steps } from './terminal.js';

/** Planted in every place that holds a password; in no output, log, report or mail. */
export const SECRETS = {
  smtp: 'tulip-seven-smtp',
  disk: 'tulip-seven-disk',
  relay: 'D3S:tulip-seven-relay',
} as const;

const manifest = JSON.parse(
  readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8'),
) as {
  commands: Record<string, { examples?: string[] }>;
};
/** Every command, as oclif names it: `backup:full`. */
export const COMMAND_IDS = Object.keys(manifest.commands);
export const examplesOf = (id: string): readonly string[] =>
  manifest.commands[id]?.examples ?? [];

/** What cron gives, and less: no HOME, no time zone, no terminal. */
export const CRON_ENVIRONMENT = {
  PATH: '/usr/bin:/bin',
  LANG: 'C',
  KMS_BACKUP_PID_FILE: '/nonexistent/kms.pid',
  KMS_BACKUP_NETWORK_DISK_PASSWORD: SECRETS.disk,
} as const;

export interface PlantedServer {
  readonly dir: string;
  readonly backupDir: string;
}

/**
 * A server with mail, a log and every password planted; its mail service answers nobody.
 * @param place an empty directory for it; default: one that is removed when the test ends
 */
export function plantedServer(place?: string): PlantedServer {
  const { dir, backupDir, configPath } = makeInstallation(
    { debugEvents: [['backup', '1']] },
    place,
  );
  buildTree(join(dir, 'store'), smallStore());
  const config = readFileSync(configPath, 'utf8');
  writeFileSync(
    configPath,
    config
      .replace('D3S:abcdef', SECRETS.relay)
      .replace('"AdminNotify"></', '"AdminNotify">admin@example.com</'),
  );
  writeFileSync(join(dir, 'smtp password'), `${SECRETS.smtp}\n`, {
    mode: 0o600,
  });
  const ini = [
    '[smtp]',
    'host = 127.0.0.1',
    'port = 1',
    'user = backup',
    'password-file = smtp password',
    'tls = none',
  ];
  const disk = ['[network-disk]', 'user = NAS\\backup'];
  // Its keys are in a file that is not there, so that no server is asked.
  const target = [
    '[target.planted]',
    'bucket = planted',
    'endpoint = http://127.0.0.1:1',
    'credentials-file = no keys',
  ];
  writeFileSync(
    join(dir, 'kms-backup.ini'),
    [...ini, ...disk, ...target, ''].join('\n'),
  );
  return { dir, backupDir };
}

/** How a command is called to do its ordinary work. */
export interface Call {
  /** The words after the command; `out` is a directory for what it writes. */
  readonly words?: (server: PlantedServer, out: string) => string[];
  /** It changes nothing but what it writes into `out`, and needs an archive: all such commands share one server. */
  readonly reads?: boolean;
  /** Default: 0. */
  readonly exitCode?: number;
  /** It ends with a verdict: its text stands on stdout, whatever the verdict is. */
  readonly isVerdict?: boolean;
  /** It takes seconds: on a terminal it is called once, and its document is looked at from cron alone. */
  readonly isLong?: boolean;
  /** What is typed on a terminal, and how it ends there. */
  readonly typed?: { readonly steps: Steps; readonly exitCode: number };
}

const READS = { reads: true } as const;
/** What is not here is called without words and ends with 0. */
export const CALLS: Readonly<Record<string, Call>> = {
  complete: { ...READS, words: () => ['users'] },
  completion: { ...READS, words: () => ['bash'] },
  'config:set': { words: () => ['keep=3'] },
  'config:show': READS,
  // It asks, and nobody is there; on a terminal somebody is, and thinks better of it.
  'config:wizard': {
    exitCode: 2,
    typed: { steps: [['Backup is enabled', '\x03']], exitCode: 130 },
  },
  demo: { isLong: true },
  diff: { ...READS, words: ({ backupDir }) => [backupDir] },
  doctor: READS,
  drill: { ...READS, words: (_, out) => ['--to', out] },
  export: {
    ...READS,
    words: ({ backupDir }, out) => [
      backupDir,
      '--output',
      join(out, 'all.zip'),
      '--overwrite',
    ],
  },
  history: READS,
  'list-archives': READS,
  'log:show': READS,
  // The mail service does not answer.
  'notify:test': { exitCode: 1 },
  // A pin more or less changes nothing for the others.
  pin: { ...READS, words: ({ backupDir }) => [archiveIn(backupDir)] },
  recover: { ...READS, words: ({ backupDir }) => [backupDir, '--dry-run'] },
  replicate: { words: (_, out) => ['--to', out] },
  rotate: READS,
  'schedule:add': {
    words: () => ['--type', 'diff', '--day', 'mon', '--time', '03:00'],
  },
  'schedule:edit': { words: () => ['1', '--time', '04:00'] },
  'schedule:export': { ...READS, words: () => ['--to', 'systemd'] },
  'schedule:install': {
    ...READS,
    words: (_, out) => [
      '--to',
      'systemd',
      '--directory',
      out,
      '--even-if-disabled',
    ],
  },
  'schedule:list': READS,
  'schedule:rm': { words: () => ['2'] },
  'schedule:uninstall': {
    ...READS,
    words: (_, out) => ['--to', 'systemd', '--directory', out],
  },
  search: {
    ...READS,
    words: ({ backupDir }) => [backupDir, '--subject', 'one'],
  },
  status: READS,
  'target:add': { words: () => ['offsite', 's3://mail-backup/mail1'] },
  'target:list': READS,
  'target:rm': { words: () => ['planted'] },
  'target:show': { ...READS, words: () => ['planted'] },
  'target:test': {
    ...READS,
    words: () => ['planted'],
    exitCode: 1,
    isVerdict: true,
  },
  unpin: { ...READS, words: ({ backupDir }) => [archiveIn(backupDir)] },
  verify: READS,
};

/** An archive, where one was made. */
function archiveIn(backupDir: string): string {
  return readdirSync(backupDir).find((name) => name.endsWith('.zip')) ?? '';
}

/** Fails where a text holds a planted password, plain or in base64. */
export function expectNoSecret(what: string, text: string): void {
  for (const secret of Object.values(SECRETS)) {
    for (const form of [secret, Buffer.from(secret).toString('base64')]) {
      expect(text.includes(form), `${what} holds ${form}`).toBe(false);
    }
  }
}

/** The one document that a standard output holds; each of its fields is in docs/schema. */
export function parseOnly(stdout: string): { schema?: string } {
  expect(stdout.endsWith('\n')).toBe(true);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);

  const document = JSON.parse(stdout) as { schema?: string };
  expectDescribed(document);

  return document;
}
