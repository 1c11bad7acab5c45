import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expectNoSecret,
  plantedServer,
  SECRETS,
} from '../helpers/planted-server.js';
import { kms, type Ended } from '../helpers/tools.js';

const PASSWORDS = {
  KMS_BACKUP_SMTP_PASSWORD: SECRETS.smtp,
  KMS_BACKUP_NETWORK_DISK_PASSWORD: SECRETS.disk,
} as const;

const all = ({ stdout, stderr }: Ended): string => stdout + stderr;

describe('a password', () => {
  it('is in nothing that DEBUG shows, also where something fails', () => {
    const server = plantedServer();
    const env = { ...PASSWORDS, DEBUG: '*' };
    const calls = [
      ['backup', 'full', '--notify', 'always'],
      ['notify', 'test'],
      ['config', 'show', '--json'],
      ['doctor', '--json'],
      ['status', '--json'],
      ['config', 'set', 'no-such-key=1'],
    ];
    for (const words of calls) {
      const said = all(kms([...words, '--server-dir', server.dir], { env }));
      expect(said, words.join(' ')).not.toBe('');
      expectNoSecret(`DEBUG=* kms-backup ${words.join(' ')}`, said);
    }
  });

  it('is in no argument of any process, and in no environment of a hook', () => {
    const server = plantedServer();
    const ini = join(server.dir, 'kms-backup.ini');
    const hooks = ['before', 'after'].map(
      (name) =>
        `${name} = cat /proc/[0-9]*/cmdline > seen-${name} 2>/dev/null; env >> seen-${name}`,
    );
    writeFileSync(
      ini,
      [readFileSync(ini, 'utf8'), '[hooks]', ...hooks, ''].join('\n'),
    );
    const ended = kms(
      ['backup', 'full', '--server-dir', server.dir, '--notify', 'always'],
      { env: PASSWORDS },
    );
    expect(ended.status, all(ended)).toBe(0);
    const listed = ['before', 'after']
      .map((name) => readFileSync(join(server.dir, `seen-${name}`), 'latin1'))
      .join('');
    expect(listed).toContain('--notify\0always');
    expect(listed).toContain('KMS_BACKUP_HOOK_EVENT=before');
    expect(listed).toContain('KMS_BACKUP_HOOK_EVENT=after');
    expectNoSecret('the process list', listed);
  });

  it('that stands in the wrong place is refused without being repeated', () => {
    const server = plantedServer();
    const ini = join(server.dir, 'kms-backup.ini');
    const typed = kms([
      'config',
      'set',
      `network-disk-password=${SECRETS.disk}`,
      '--server-dir',
      server.dir,
    ]);
    expect(typed.status).toBe(2);
    expectNoSecret('the refusal of config set', all(typed));
    writeFileSync(
      ini,
      `[smtp]\nhost = 127.0.0.1\npassword = ${SECRETS.smtp}\n`,
    );
    const read = kms(['backup', 'full', '--server-dir', server.dir], {
      env: { DEBUG: '*' },
    });
    expect(read.status).toBe(2);
    expect(read.stderr).toContain('line 3');
    expectNoSecret('the refusal of kms-backup.ini', all(read));
  });
});
