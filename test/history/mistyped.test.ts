import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRuns } from '../../src/history/read-history.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { hasTerminal, typeInto } from '../helpers/terminal.js';
import { kms } from '../helpers/tools.js';

const newServer = (): Installation => buildInstallation(temporaryDirectory());
const on = ({ serverDir }: Installation, ...words: string[]): string[] => [
  ...words,
  '--server-dir',
  serverDir,
];

async function warningsOf(server: Installation): Promise<string[]> {
  const { json } = await kmsJsonInProcess(on(server, 'status'));
  const warnings = json['warnings'] as string[];

  return warnings.filter((text) => text.startsWith('the last '));
}

describe.runIf(hasTerminal)('a command line that is wrong', () => {
  it('is no matter of status where it was typed at a terminal, and stands in the history', async () => {
    const server = newServer();
    for (const words of [
      ['rotate', '--bogus'],
      ['backup', 'full', '--volume-size', '1'],
    ]) {
      expect(typeInto(on(server, ...words), []).status).toBe(2);
    }

    expect(readRuns(server.serverDir)).toMatchObject(
      ['rotate', 'backup full'].map((command) => ({
        command,
        state: 'failed',
        isAtTerminal: true,
        error: { code: 'USAGE' },
      })),
    );
    expect(await warningsOf(server)).toEqual([]);

    const { stdout } = await kmsInProcess(on(server, 'history'));
    expect(stdout).toContain('typed at a terminal: Nonexistent flag: --bogus');
  });

  it('stays a warning where a scheduler calls it, whatever is typed after that, as a wrong file of settings does', async () => {
    const server = newServer();
    const ini = join(server.serverDir, 'kms-backup.ini');
    kms(on(server, 'replicate', '--bogus'));
    typeInto(on(server, 'replicate'), []);
    writeFileSync(ini, '[nothing]\n');
    typeInto(on(server, 'rotate'), []);
    rmSync(ini);

    expect(await warningsOf(server)).toEqual([
      expect.stringMatching(/replicate failed.*--bogus/) as string,
      expect.stringMatching(/rotate failed.*\[nothing\]/) as string,
    ]);
  });

  it('is none of a run where it only looks', () => {
    const server = newServer();
    kms(on(server, 'rotate', '--dry-run', '--bogus'));

    expect(readRuns(server.serverDir)).toEqual([]);
  });
});
