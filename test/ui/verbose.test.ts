import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildSampleServer } from '../../src/demo/sample-server.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { temporaryDirectory } from '../helpers/configured-server.js';

const STEP = /^\[\d+:\d\d\] (.*)$/gm;
const stepsOf = (stderr: string): string[] =>
  [...stderr.matchAll(STEP)].map(([, step = '']) => step);

describe('--verbose', () => {
  it('tells phases, components and volumes of a backup, and each command tells something', async () => {
    const { serverDir, storeDir, backupDir } =
      buildSampleServer(temporaryDirectory());
    const run = async (...words: string[]): Promise<string[]> => {
      const named =
        words[0] === 'completion'
          ? words
          : [...words, '--server-dir', serverDir];
      const { stderr } = await kmsInProcess([
        ...named,
        '--progress',
        'none',
        '--verbose',
      ]);
      return stepsOf(stderr);
    };

    const backup = await run(
      'backup',
      'full',
      '--volume-size',
      '200KB',
      '--oversize',
      'split',
    );
    const [first = '', second = ''] = readdirSync(backupDir)
      .filter((name) => name.endsWith('.zip'))
      .sort()
      .reverse();
    expect(backup).toEqual(
      expect.arrayContaining([
        `mail server in ${serverDir}`,
        `settings of ${join(serverDir, 'mailserver.cfg')}`,
        `listing component mail: ${join(storeDir, 'mail')}`,
        'writing',
        'reading back',
        `writing volume ${first}`,
        `writing volume ${second}`,
        'ends with exit code 0',
      ]),
    );
    expect(new Set(backup).size).toBe(backup.length);

    expect(await run('verify', backupDir)).toEqual(
      expect.arrayContaining(['verifying', `reading volume ${first}`]),
    );
    expect(await run('search', backupDir, '--subject', 'x')).toContain(
      `reading volume ${first}`,
    );
    expect(await run('recover', backupDir, '--yes', '--force')).toEqual(
      expect.arrayContaining([
        'recovering',
        expect.stringMatching(/^staging mail in /),
      ]),
    );
    for (const words of [
      ['list-archives', backupDir],
      ['rotate', '--dry-run'],
      ['status'],
      ['config', 'show'],
      ['config', 'set', 'keep=3', '--dry-run'],
      ['schedule', 'list'],
      ['schedule', 'export', '--to', 'cron'],
      ['completion', 'bash'],
    ]) {
      expect((await run(...words)).at(-1), words.join(' ')).toMatch(
        /^ends with exit code \d+$/,
      );
    }
  });

  it('says nothing without the flag, nor beside --quiet, and is JSON Lines where the progress is', async () => {
    const { serverDir } = buildSampleServer(temporaryDirectory());
    const words = ['config', 'show', '--server-dir', serverDir];
    expect((await kmsInProcess(words)).stderr).toBe('');
    expect((await kmsInProcess([...words, '-v', '-q'])).stderr).toBe('');
    const lines = (
      await kmsInProcess([...words, '-v', '--progress', 'json'])
    ).stderr
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({
        schema: 'kms-backup/step/1',
        step: `mail server in ${serverDir}`,
      }),
    );
  });
});
