/** Archives that a passphrase seals, on a machine that has nothing but them and the passphrase. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { hasTerminal, typeInto } from '../helpers/terminal.js';
import { expectDone, expectEnd, kms } from '../helpers/tools.js';

const PHRASE = 'four words of nobody';

let dir = '';
let server: Installation;

const vault = (): string => join(dir, 'vault');

beforeAll(async () => {
  dir = temporaryDirectory('passphrase');
  server = buildInstallation(join(dir, 'server'));
  mkdirSync(vault());
  for (const [name, phrase] of [
    ['phrase', PHRASE],
    ['other', 'not that one'],
  ] as const) {
    writeFileSync(join(dir, name), `${phrase}\n`, { mode: 0o600 });
  }

  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    [
      '[target.vault]',
      'type = directory',
      `directory = ${vault()}`,
      `passphrase-file = ${join(dir, 'phrase')}`,
      '',
    ].join('\n'),
  );
  const places = ['--server-dir', server.serverDir, '--backup-dir', 'vault'];
  expectDone(await kmsInProcess(['backup', 'full', ...places]));
});

afterAll(() => {
  removeTemporary(dir);
});

/** A machine without kms-backup.ini, and the words of a recover there. */
function bareMachine(name: string): {
  words: string[];
  differences: () => string[];
} {
  const bare = buildInstallation(join(dir, name), { store: {} });

  return {
    words: ['recover', vault(), '--server-dir', bare.serverDir, '--yes'],
    differences: () =>
      compareTrees(server.storeDir, bare.storeDir, {
        directoryTimes: false,
        ignore: (path) => path.startsWith('.kms-backup-reading-'),
      }),
  };
}

describe('archives that a passphrase seals', () => {
  it('come back with the file that holds it', async () => {
    const { words, differences } = bareMachine('by-file');
    const phrase = ['--passphrase-file', join(dir, 'phrase')];
    expectDone(await kmsInProcess([...words, ...phrase]));

    expect(differences()).toEqual([]);
  });

  it.skipIf(!hasTerminal)('come back for who types it', () => {
    const { words, differences } = bareMachine('by-hand');
    const { status, screen } = typeInto(words, [
      ['Passphrase of the sealed archives', `${PHRASE}\r`],
    ]);

    expect(status, screen).toBe(0);
    expect(screen).not.toContain(PHRASE);
    expect(differences()).toEqual([]);
  });

  it('stay closed to another one, which is said', () => {
    const { words } = bareMachine('by-another');
    const phrase = ['--passphrase-file', join(dir, 'other')];
    const ended = kms([...words, ...phrase]);

    expectEnd(ended, 2, 'SEALED');
    expect(ended.stderr).toContain(
      `is not sealed for the passphrase in ${join(dir, 'other')}`,
    );
  });

  it('stay closed where nobody can be asked', () => {
    const { words } = bareMachine('by-nobody');
    const ended = kms(words);

    expectEnd(ended, 2, 'USAGE');
    expect(ended.stderr).toContain('KMS_BACKUP_IDENTITY_PASSPHRASE');
  });
});
