import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { adoptOldVariables } from '../../src/ui/old-variables.js';
import { helpOf } from '../helpers/in-process.js';
import { kms } from '../helpers/tools.js';

interface Flag {
  readonly env?: string;
  readonly helpValue?: string;
  readonly type: string;
  readonly options?: readonly string[];
}

const { commands } = JSON.parse(
  readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8'),
) as { commands: Record<string, { flags: Record<string, Flag> }> };

describe('the environment variable of a flag', () => {
  it('takes the same kind of value in every command that has it', () => {
    const kinds = new Map<string, Set<string>>();
    for (const { flags } of Object.values(commands)) {
      for (const { env = '', helpValue, type, options } of Object.values(
        flags,
      )) {
        const kind = JSON.stringify({ helpValue, type, options });
        kinds.set(env, (kinds.get(env) ?? new Set()).add(kind));
      }
    }

    const torn = [...kinds].filter(([, { size }]) => size > 1);
    expect(torn).toEqual([]);
  });

  it('holds the command where another command means something else', async () => {
    expect(commands['replicate']?.flags['to']?.env).toBe(
      'KMS_BACKUP_REPLICATE_TO',
    );
    expect(commands['search']?.flags['store']?.env).toBe(
      'KMS_BACKUP_SEARCH_STORE',
    );
    expect(commands['rotate']?.flags['keep']?.env).toBe('KMS_BACKUP_KEEP');
    expect(await helpOf('replicate')).toMatch(
      /--to is\s+KMS_BACKUP_REPLICATE_TO/,
    );
  });

  it('is heard under its old name too, with a warning, and the new one wins', () => {
    const flags = { to: { env: 'KMS_BACKUP_SEARCH_TO' } };
    const old: NodeJS.ProcessEnv = { KMS_BACKUP_TO: 'alice' };
    expect(adoptOldVariables(flags, old)).toEqual([
      'KMS_BACKUP_TO means something else to other commands: call it KMS_BACKUP_SEARCH_TO',
    ]);
    expect(old['KMS_BACKUP_SEARCH_TO']).toBe('alice');

    const both = { ...old, KMS_BACKUP_SEARCH_TO: 'bob' };
    expect(adoptOldVariables(flags, both)).toEqual([]);
    expect(both['KMS_BACKUP_SEARCH_TO']).toBe('bob');
  });

  it('reaches the command', () => {
    const env = { KMS_BACKUP_SCHEDULE_TO: 'nonsense', KMS_BACKUP_TO: 'cron' };
    const { status, stderr } = kms(['schedule', 'export'], { env });
    expect(status).toBe(2);
    expect(stderr).toContain('nonsense');
    expect(stderr).not.toContain('KMS_BACKUP_TO means');
  });
});
