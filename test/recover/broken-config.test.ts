import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  smallStore,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

let folder = '';
let server: Installation;
let config = '';
let whole = '';

beforeEach(async () => {
  folder = temporaryDirectory('broken');
  server = buildInstallation(join(folder, 'server'), {
    store: smallStore(),
    beside: { sslcert: { 'server.crt': 'certificate' } },
  });
  config = join(server.serverDir, 'mailserver.cfg');
  whole = readFileSync(config, 'utf8');

  const made = await runInProcess('backup:full', at('--quiet'));
  expect(made.exitCode, made.output).toBe(0);
});

afterEach(() => {
  removeTemporary(folder);
});

const at = (...flags: string[]): string[] => [
  '--server-dir',
  server.serverDir,
  ...flags,
];
const recover = (
  ...flags: string[]
): Promise<{ exitCode: number; output: string; stdout: string }> =>
  runInProcess('recover', [server.backupDir, '--yes', ...at(...flags)]);

describe('a mailserver.cfg that says nothing', () => {
  it.each([
    ['is cut off', '<config><list name="x">'],
    ['is empty', ''],
    ['names no store', '<config></config>'],
  ])('and %s comes back with --mask cfg', async (_, text) => {
    writeFileSync(config, text);

    const done = await recover('--mask', 'cfg,sslcert', '--json');

    expect(done.exitCode, done.output).toBe(0);
    expect(readFileSync(config, 'utf8')).toBe(whole);
    const { warnings } = JSON.parse(done.stdout) as { warnings: string[] };
    expect(warnings.join()).toContain('says nothing of the store');
  });

  it('keeps a recover of the store alone from guessing where that is', async () => {
    writeFileSync(config, '<config>');

    for (const mask of ['mail', 'lists,sslcert']) {
      const done = await recover('--mask', mask);
      expect(done.exitCode, done.output).toBe(2);
    }
  });

  it('is brought back by a rollback as it was', async () => {
    writeFileSync(config, '<config>');
    expect((await recover('--mask', 'cfg', '--keep-old')).exitCode).toBe(0);

    const undone = await runInProcess('recover', [
      '--rollback',
      '--yes',
      ...at(),
    ]);

    expect(undone.exitCode, undone.output).toBe(0);
    expect(readFileSync(config, 'utf8')).toBe('<config>');
  });
});
