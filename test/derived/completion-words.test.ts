import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildSampleServer } from '../../src/demo/sample-server.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { hasTerminal, typeIntoProgram } from '../helpers/terminal.js';
import { BINARY, expectDone, hasTool } from '../helpers/tools.js';

const completion = fileURLToPath(new URL('../../completion', import.meta.url));

let place = '';
let backupDir = '';
let env: Record<string, string> = {};

beforeAll(async () => {
  place = temporaryDirectory('completion words');
  const { serverDir, backupDir: directory } = buildSampleServer(place);
  backupDir = directory;
  expectDone(await kmsInProcess(['backup', 'full', '--server-dir', serverDir]));
  const target = ['target', 'add', 'attic', join(place, 'vault')];
  expectDone(await kmsInProcess([...target, '--server-dir', serverDir]));

  const bin = join(place, 'bin');
  mkdirSync(bin);
  for (const name of ['kms-backup', 'kmsrecover']) {
    const program = join(bin, name);
    const script = `#!/bin/sh\nexec '${process.execPath}' '${BINARY}' "$@"\n`;
    writeFileSync(program, script);
    chmodSync(program, 0o755);
  }

  env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: place,
    LC_ALL: 'C.UTF-8',
    KMS_BACKUP_SERVER_DIR: serverDir,
  };

  return () => {
    removeTemporary(place);
  };
});

/** What bash offers for a line whose last word is being typed. */
function inBash(line: readonly string[]): string[] {
  const program = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kms_backup; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const script = join(completion, 'kms-backup.bash');

  return linesOf('bash', ['-c', program, script, ...line]);
}

/** The same in fish, which puts a description behind a tabulator. */
function inFish(line: readonly string[]): string[] {
  const script = join(completion, 'kms-backup.fish');
  const program = `source '${script}'; complete -C"${line.join(' ')}"`;

  return linesOf('fish', ['--no-config', '-c', program]).map(
    (offer) => offer.split('\t')[0] ?? '',
  );
}

/** Types into an interactive zsh; each step waits for what Tab has to bring. */
function typeIntoZsh(steps: readonly (readonly [string, string])[]): string {
  const load = `fpath=('${completion}' $fpath); autoload -U compinit; compinit -u -D; echo lo""aded\r`;

  return typeIntoProgram(['zsh', '-f', '-i'], [['READY> ', load], ...steps], {
    cwd: place,
    env: { ...env, PS1: 'READY> ' },
    columns: 400,
  }).screen;
}

function linesOf(program: string, args: readonly string[]): string[] {
  const text = execFileSync(program, args, { encoding: 'utf8', env });

  return text.split('\n').filter((line) => line !== '');
}

/** The archives of the server, as both shells offer them. */
const archives = (): RegExp =>
  new RegExp(
    `^${backupDir.replaceAll(' ', '\\\\?\\\\? ')}/F\\d{8}T\\d{6}Z\\.zip$`,
  );

describe('Tab offers what the program knows', () => {
  it('in bash: users, folders by the names that people see, archives, keys', () => {
    expect(inBash(['kms-backup', 'recover', '--user', 'al'])).toEqual([
      'alice',
    ]);
    const folders = inBash(['kms-backup', 'recover', '-u', 'alice', '-f', '']);
    expect(folders).toContain('Entwürfe');
    expect(folders).toContain('Gesendete\\ Objekte/Ärzte');
    expect(inBash(['kms-backup', 'config', 'set', 'kee'])).toContain('keep=');
    expect(inBash(['kms-backup', 'target', 'rm', ''])).toEqual(['attic']);
    expect(inBash(['kmsrecover', '-u', 'al'])).toEqual(['alice']);
    expect(inBash(['kms-backup', 'pin', '/'])).toHaveLength(1);
    const [archive = '', ...more] = inBash(['kms-backup', 'verify', '/']);
    expect(more).toEqual([]);
    expect(archive.replaceAll('\\', '')).toMatch(archives());
  });

  it('the same as the command, which Tab does not wait for', async () => {
    const server = ['--server-dir', env['KMS_BACKUP_SERVER_DIR'] ?? ''];
    const words = ['complete', 'folders', '--', 'recover', ...server];
    const { stdout } = await kmsInProcess(words);
    expect(stdout).toContain('Entwürfe');
    expect(linesOf('kms-backup', words).join('\n')).toBe(stdout.trim());
  });

  it.skipIf(!hasTool('zsh') || !hasTerminal)(
    'in zsh: archives, else paths, keys with their value, targets (needs zsh and Python)',
    () => {
      const [name = ''] = readdirSync(backupDir).filter((file) =>
        /^F.*\.zip$/.test(file),
      );
      const archive = join(backupDir, name).replaceAll(' ', '\\ ');
      const screen = typeIntoZsh([
        ['loaded', 'kms-backup verify /\t'],
        [archive, '\x15kms-backup verify back\t'],
        ['verify backup', '\x15kms-backup config set vol\t'],
        ['volume-size=', '1GiB'],
        ['1GiB', '\x15kms-backup target test \t'],
        ['attic', '\x15exit\r'],
      ]);
      expect(screen).toContain('volume-size=1GiB');
    },
  );

  it.skipIf(!hasTool('fish'))(
    'in fish: commands, flags, values, and the same (needs fish)',
    () => {
      expect(inFish(['kms-backup', 'sched'])).toEqual(['schedule']);
      expect(inFish(['kms-backup', 'backup', 'f'])).toEqual(['full']);
      expect(inFish(['kmsrecover', '--addi'])).toEqual(['--additive']);
      expect(
        inFish(['kms-backup', 'backup', 'full', '--oversize', 'sp']),
      ).toEqual(['split']);
      expect(inFish(['kms-backup', 'recover', '-u', 'al'])).toEqual(['alice']);
      expect(
        inFish(['kms-backup', 'recover', '-u', 'alice', '-f', 'En']),
      ).toEqual(['Entwürfe']);
      expect(inFish(['kms-backup', 'config', 'set', 'kee'])).toContain('keep=');
    },
  );

  it('and nothing, without a word, where there is no server', () => {
    env = { ...env, KMS_BACKUP_SERVER_DIR: '/nonexistent' };
    expect(inBash(['kms-backup', 'recover', '--user', 'al'])).toEqual([]);
  });
});
