import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plantedServer } from '../helpers/planted-server.js';
import { runInProcess } from '../helpers/in-process.js';

describe('--quiet', () => {
  it('says nothing of work that went well, prints what was asked for, and keeps the document', async () => {
    const { dir, backupDir } = plantedServer();
    const run = (
      id: string,
      ...words: string[]
    ): Promise<{ exitCode: number; output: string }> =>
      runInProcess(id, [...words, '--quiet', '--server-dir', dir]);
    const silent = { exitCode: 0, output: '' };
    expect(await run('backup:full', '--notify', 'never')).toMatchObject(silent);
    expect(await run('verify', backupDir)).toMatchObject(silent);
    expect(await run('rotate')).toMatchObject(silent);
    expect(await run('recover', backupDir, '--yes')).toMatchObject(silent);
    expect(await run('config:set', 'keep=3')).toMatchObject(silent);
    expect((await run('backup:full', '--dry-run')).output).toContain(
      'Nothing was written.',
    );
    expect((await run('recover', backupDir, '--dry-run')).output).toContain(
      'Nothing was changed.',
    );
    expect((await run('recover', backupDir, '--listing')).output).toContain(
      'example.com',
    );
    expect((await run('list-archives')).output).toContain('1 archive');
    expect((await run('verify', '--json')).output).toContain(
      '"schema":"kms-backup/verify/1"',
    );
  });

  it('tells all of work that did not go well', async () => {
    const { dir } = plantedServer();
    const words = [
      '--quiet',
      '--server-dir',
      dir,
      '--volume-size',
      '20kB',
      '--notify',
      'never',
    ];
    const large = join(
      dir,
      'store',
      'mail',
      'example.com',
      'alice',
      'INBOX',
      '#msgs',
      '000000ff.eml',
    );
    writeFileSync(
      large,
      Buffer.alloc(300_000).map((_, i) => i * 7919),
    );
    const { exitCode, output } = await runInProcess('backup:full', words);
    expect(exitCode).toBe(3);
    expect(output).toContain('000000ff.eml');
  });
});
