import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canInject, kmsWithFaults } from '../helpers/faults.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone, expectEnd } from '../helpers/tools.js';

/** The small files beside mailserver.cfg and beside the archives, and what their warning says. */
const BESIDE_SERVER = {
  'kms-backup-history.jsonl': /the history cannot be read|last line of the/,
  'kms-backup-schedule.json': /the state of the schedule/,
  'kms-backup-tasks.json': /the state of the tasks/,
  'kms-backup-places.json': /the record of backup directories/,
  'kms-backup-restart.json': /the record of a restart/,
};
const BESIDE_ARCHIVES = {
  '.kms-backup-verified.json': /the record of verified archives/,
  '.kms-backup-mass-loss.json': /the record of lost mail/,
  '.kms-backup-place.json': /the mark of the backup directory/,
  '.kms-backup-mirror.json': /the record of the second place/,
};

const FULL = ['--type', 'full', '--day', 'sun', '--time', '01:00'];

let dir = '';
let server: Installation;
const kms = (...words: string[]) =>
  kmsInProcess([...words, '--server-dir', server.serverDir]);
const archives = (): string[] =>
  readdirSync(server.backupDir).filter((name) => name.endsWith('.zip'));

async function statusOf(): Promise<{ level: string; warnings: string }> {
  const words = ['status', '--server-dir', server.serverDir];
  const { status, json } = await kmsJsonInProcess(words);
  expect(status).toBe(0);

  return {
    level: String(json['level']),
    warnings: (json['warnings'] as string[]).join('\n'),
  };
}

beforeAll(async () => {
  dir = temporaryDirectory('side-files');
  server = buildInstallation(join(dir, 'server'), { keep: 1 });
  expectDone(await kms('schedule', 'add', ...FULL));
  expectDone(await kms('backup', 'full'));
  expect(await statusOf()).toEqual({ level: 'ok', warnings: '' });
});

afterAll(() => {
  removeTemporary(dir);
});

describe('a small file that nobody can make sense of', () => {
  const places = [
    ...Object.entries(BESIDE_SERVER).map(
      ([name, text]) => [name, text, () => server.serverDir] as const,
    ),
    ...Object.entries(BESIDE_ARCHIVES).map(
      ([name, text]) => [name, text, () => server.backupDir] as const,
    ),
  ];

  it.each(places)(
    '%s is a warning of status, and never the end of it',
    async (name, text, directory) => {
      const path = join(directory(), name);
      const before = existsSync(path) ? readFileSync(path) : undefined;

      for (const junk of ['{"half', undefined]) {
        rmSync(path, { recursive: true, force: true });
        if (junk === undefined) mkdirSync(path);
        else writeFileSync(path, junk);

        const { level, warnings } = await statusOf();
        expect(level).toBe('warning');
        expect(warnings).toMatch(text);
        expect(warnings).toContain(path);
      }

      rmSync(path, { recursive: true });
      if (before) writeFileSync(path, before);
    },
  );

  it.runIf(canInject)('nor is one that the system refuses', () => {
    for (const name of Object.keys({ ...BESIDE_SERVER, ...BESIDE_ARCHIVES })) {
      const directory =
        name in BESIDE_SERVER ? server.serverDir : server.backupDir;
      const path = join(directory, name);
      if (!readdirSync(directory).includes(name)) writeFileSync(path, '{}');
    }

    const names = [
      ...Object.keys(BESIDE_SERVER).map((one) => join(server.serverDir, one)),
      ...Object.keys(BESIDE_ARCHIVES).map((one) => join(server.backupDir, one)),
    ];
    const ended = kmsWithFaults(['status', '--server-dir', server.serverDir], {
      inject: ['openat:error=EACCES'],
      paths: names,
    });
    expectDone(ended);
    expect(ended.stdout).toMatch(/^Status +WARNING/m);
    for (const text of Object.values({
      ...BESIDE_SERVER,
      ...BESIDE_ARCHIVES,
    })) {
      expect(ended.stdout).toMatch(text);
    }

    for (const name of [
      'kms-backup-restart.json',
      'kms-backup-schedule.json',
      'kms-backup-tasks.json',
    ]) {
      rmSync(join(server.serverDir, name));
    }

    for (const name of [
      '.kms-backup-mass-loss.json',
      '.kms-backup-mirror.json',
    ]) {
      rmSync(join(server.backupDir, name));
    }
  });

  it('of lost mail keeps every archive until somebody acknowledges it', async () => {
    const record = join(server.backupDir, '.kms-backup-mass-loss.json');
    writeFileSync(record, 'junk');
    const [first] = archives();
    const { status, stderr } = await kms('backup', 'full');
    expect(status).toBe(0);
    expect(stderr).toContain('rotation removed nothing: the record of lost');
    expect(archives()).toContain(first);
    expectEnd(await kms('rotate'), 1, 'FAILED');

    expectDone(await kms('status', '--acknowledge'));
    expectDone(await kms('rotate'));
    expect(archives()).not.toContain(first);
    expect(await statusOf()).toEqual({ level: 'ok', warnings: '' });
  });
});
