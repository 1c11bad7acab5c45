import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { newKeyPair } from '../helpers/sealing.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone, expectEnd } from '../helpers/tools.js';

let dir: string;
let server: Installation;
let recipient: string;

beforeEach(async () => {
  dir = temporaryDirectory('directory-target');
  process.env['KMS_BACKUP_STATE_DIR'] = join(dir, 'state');
  server = buildInstallation(join(dir, 'server'));
  const pair = await newKeyPair();
  recipient = pair.recipient;
  writeFileSync(join(dir, 'identity'), pair.identity, { mode: 0o600 });
  mkdirSync(join(dir, 'vault'));
  symlinkSync(join(dir, 'vault'), join(dir, 'link'));
});

afterEach(() => {
  delete process.env['KMS_BACKUP_STATE_DIR'];
  removeTemporary(dir);
});

const run = (...args: string[]): ReturnType<typeof kmsInProcess> =>
  kmsInProcess([...args, '--server-dir', server.serverDir]);

const vault = (): string => join(dir, 'vault');

const archives = (): string[] =>
  readdirSync(vault()).filter((name) => !name.startsWith('.'));

const settings = (text: string): void => {
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    `[target.vault]\n${text}\n`,
  );
};

describe('a directory that is a target', () => {
  it('is sealed however it is named', async () => {
    const add = ['target', 'add', 'vault', vault()];
    expectDone(await run(...add, '--recipients', recipient));
    const tested = await run('target', 'test', 'vault');
    expectDone(tested);
    expect(tested.stdout).toMatch(/sealed for 1 recipient/);

    for (const name of ['vault', vault(), join(dir, 'link')]) {
      expectDone(await run('backup', 'full', '--backup-dir', name));
    }

    const names = archives().filter((name) => !name.endsWith('.seal.json'));
    expect(names).toHaveLength(3);
    expect(names.every((name) => name.endsWith('.zip.age'))).toBe(true);

    const out = ['-o', join(dir, 'never.zip')];
    expectEnd(await run('export', vault(), ...out), 2, 'SEALED');
    const identity = ['--identity', join(dir, 'identity')];
    expectDone(await run('verify', 'vault', ...identity));
    const found = await run('search', 'vault', '--from', 'x', ...identity);
    expect(found.stderr).not.toMatch(/SEALED/);
    expectDone(await run('recover', vault(), '--dry-run', ...identity));
  });

  it.each([
    ['no directory', 'type = directory', /names no directory/],
    [
      'recipients and a passphrase',
      'directory = v\nrecipients = age1x\npassphrase-file = p',
      /either, never for both/,
    ],
    ['a bucket as well', 'directory = v\nbucket = b', /has no key bucket/],
    ['recipients that are none', 'directory = v\nrecipients = ,', /recipients/],
  ])('is refused with %s', async (_, text, reason) => {
    settings(text);
    const ended = await run('backup', 'full', '--backup-dir', vault());
    expectEnd(ended, 2, 'CONFIGURATION');
    expect(ended.stderr).toMatch(reason);
    expect(archives()).toEqual([]);
  });

  it('writes nothing where a recipient is none', async () => {
    settings(`directory = ${vault()}\nrecipients = age1wrong`);
    const ended = await run('backup', 'full', '--backup-dir', vault());
    expectEnd(ended, 2, 'CONFIGURATION');
    expect(archives()).toEqual([]);
  });
});
