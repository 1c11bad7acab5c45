import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canFakeTime, canInject, kmsWithFaults } from '../helpers/faults.js';
import {
  buildInstallation,
  smallStore,
  type Installation,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { kms, type Ended } from '../helpers/tools.js';

const FROZEN = '2024-01-15 01:00:00';
const STEM = 'F20240115T010000Z';

let dir = '';
let server: Installation;
let backups = 0;
beforeAll(() => {
  dir = temporaryDirectory('held');
  server = buildInstallation(join(dir, 'server'), { store: smallStore() });
});
afterAll(() => {
  removeTemporary(dir);
});

const newBackupDir = (): string => join(dir, `backup-${String(backups++)}`);
const fullArgs = (backupDir: string): string[] => [
  ...[
    'backup',
    'full',
    '--json',
    '--server-dir',
    server.serverDir,
    '--backup-dir',
    backupDir,
  ],
];
const issuesOf = ({ stdout }: Ended): unknown =>
  (JSON.parse(stdout) as { issues: unknown }).issues;

describe.skipIf(!canInject || !canFakeTime)(
  'files that another program holds (needs strace and faketime)',
  () => {
    const name = '00000001.eml';
    const held = (): string =>
      join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs', name);
    const run = (backupDir: string, inject: string[], path: string): Ended =>
      kmsWithFaults(fullArgs(backupDir), {
        inject,
        paths: [path],
        frozenAt: FROZEN,
      });

    it('are backed up when it lets go of them', () => {
      const backupDir = newBackupDir();
      const ended = run(backupDir, ['openat:error=EBUSY:when=1'], held());
      expect([ended.status, issuesOf(ended)]).toEqual([0, []]);
      expect(kms(['recover', '-l', backupDir, '--json']).stdout).toContain(
        '"messages":2',
      );
    });

    it('are named when it never does, and the rest is backed up', () => {
      const backupDir = newBackupDir();
      const ended = run(backupDir, ['openat:error=EBUSY'], held());
      expect(ended.status).toBe(3);
      const reason = 'held by another program (EBUSY)';
      expect(issuesOf(ended)).toEqual([
        {
          kind: 'unreadable',
          name: expect.stringContaining(name) as string,
          reason,
        },
      ]);
      expect(kms(['verify', backupDir]).status).toBe(0);
    });

    it('keep no finished archive from its name for long', () => {
      const backupDir = newBackupDir();
      const ended = run(
        backupDir,
        ['rename:error=EBUSY:when=1'],
        join(backupDir, `${STEM}.zip.part`),
      );
      expect(ended.status).toBe(0);
      expect(readdirSync(backupDir)).toContain(`${STEM}.zip`);
    });
  },
);
