import {
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { splitAccepted } from '../../src/backup/accept.js';
import type { BackupIssue } from '../../src/backup/request.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';

const MAIL = '@backup/store/mail/example.com';

const linkAt = (name: string): BackupIssue => ({
  kind: 'skipped',
  name,
  reason: 'symbolic link, not followed',
  isByNature: true,
});

const isAccepted = (issue: BackupIssue, ...patterns: string[]): boolean =>
  splitAccepted([issue], patterns).accepted.length === 1;

describe('a pattern', () => {
  test.each([
    [`${MAIL}/alice/old`, 'mail/example.com/alice/old'],
    [`${MAIL}/alice/old`, `${MAIL}/alice/old`],
    [`${MAIL}/alice/old`, 'mail/example.com/*/ol?'],
    [`${MAIL}/alice/INBOX/#msgs/a.lnk`, 'mail/**.lnk'],
    [`${MAIL}/alice/Entw&APw-rfe/x`, 'mail/example.com/alice/Entwürfe/*'],
    [`${MAIL}/alice/Entw&APw-rfe/x`, 'mail/example.com/alice/Entw&APw-rfe/*'],
    [`${MAIL}/a+b (1)/x`, 'mail/example.com/a+b (1)/x'],
  ])('of %s may be %s', (name, pattern) => {
    expect(isAccepted(linkAt(name), pattern)).toBe(true);
  });

  test.each([
    [`${MAIL}/alice/older`, 'mail/example.com/alice/old'],
    [`${MAIL}/alice/INBOX/old`, 'mail/example.com/*/old'],
    [`${MAIL}/alice/old`, 'alice/old'],
    [`${MAIL}/aliceXold`, 'mail/example.com/alice.old'],
  ])('is not about %s where it is %s', (name, pattern) => {
    expect(isAccepted(linkAt(name), pattern)).toBe(false);
  });

  test.each<Partial<BackupIssue>>([
    {
      kind: 'unreadable',
      reason: 'cannot be read: EIO',
      isByNature: undefined,
    },
    { reason: 'cannot be listed: EACCES', isByNature: undefined },
    { kind: 'unsettled', isByNature: undefined },
    { kind: 'unlocked', isByNature: undefined },
  ])('hides nothing that may be sound tomorrow: %o', (fault) => {
    const issue = { ...linkAt(`${MAIL}/alice/INBOX`), ...fault };

    expect(isAccepted(issue, '**')).toBe(false);
  });

  test('that matches nothing is told apart', () => {
    const { unused } = splitAccepted([linkAt(`${MAIL}/x`)], ['mail/**', 'no']);
    expect(unused).toEqual(['no']);
  });
});

describe('[backup] accept', () => {
  let dir: string;
  let server: Installation;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kms-accept-'));
    server = buildInstallation(join(dir, 'server'));
    const alice = join(server.storeDir, 'mail/example.com/alice');
    symlinkSync('/nowhere', join(alice, 'old'));
    writeFileSync(join(alice, 'huge.dat'), '');
    truncateSync(join(alice, 'huge.dat'), 70_000);
  });

  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const ini = (accept: string): void => {
    const path = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(path, `[backup]\nvolume-size = 65536\naccept = ${accept}\n`);
  };

  const backUp = (...more: string[]): ReturnType<typeof kmsInProcess> =>
    kmsInProcess(['backup', 'full', '--server-dir', server.serverDir, ...more]);

  test('makes a night complete, and is said in text, JSON and status', async () => {
    ini('mail/example.com/alice/old, **/huge.dat');
    const ended = await backUp();

    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain('Accepted: 2 paths not backed up');
    expect(ended.stdout).toContain(`${MAIL}/alice/old`);

    const { stdout } = await backUp('--json', '--dry-run');
    expect(JSON.parse(stdout)).toMatchObject({
      exitCode: 0,
      issues: [],
      accepted: [{ kind: 'skipped', name: `${MAIL}/alice/old` }],
    });

    const status = await kmsInProcess([
      'status',
      '--server-dir',
      server.serverDir,
    ]);
    expect(status.stdout).toMatch(/Accepted +2 paths/);
  });

  test('leaves a night incomplete for what it does not name', async () => {
    ini('mail/example.com/alice/old');
    const ended = await backUp();

    expect(ended.status).toBe(3);
    expect(ended.stdout).toContain('Incomplete: 1 path not backed up');
    expect(ended.stdout).toContain('Accepted: 1 path not backed up');
  });
});
