import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EXIT_MEANING } from '../../src/errors.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const script = join(root, 'completion/kms-backup.bash');

/** What bash offers for a line whose last word is being typed. */
function offered(...words: string[]): string[] {
  const program = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kms_backup; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['-c', program, script, ...words], {
    encoding: 'utf8',
  });
  return text.split('\n').filter((line) => line !== '');
}

describe('completion in bash', () => {
  test('offers topics, their commands and nothing after a whole command, where paths follow', () => {
    expect(offered('kms-backup', 'back')).toEqual(['backup']);
    expect(offered('kms-backup', 'backup', '')).toEqual([
      'copy',
      'diff',
      'full',
    ]);
    expect(offered('kms-backup', 'backup', 'full', '')).toEqual([]);
  });

  test('offers a command its flags, also behind other flags', () => {
    expect(offered('kms-backup', 'backup', 'full', '--vol')).toEqual([
      '--volume-size',
    ]);
    expect(
      offered('kms-backup', 'backup', 'full', '--backup-dir', '/a b', '--ov'),
    ).toEqual(['--oversize']);
    expect(offered('kms-backup', 'notify', 'test', '--oversi')).toEqual([]);
  });

  test('offers the values of a flag that has a list of them', () => {
    expect(offered('kms-backup', 'backup', 'full', '--oversize', '')).toEqual([
      'skip',
      'split',
    ]);
    expect(offered('kms-backup', 'backup', 'full', '--oversize', 'sp')).toEqual(
      ['split'],
    );
    expect(offered('kms-backup', 'completion', 'z')).toEqual(['zsh']);
  });
});

describe('the derived files', () => {
  test('match the commands', () => {
    execFileSync(process.execPath, [
      join(root, 'scripts/derived.mjs'),
      '--check',
    ]);
  });

  test.skipIf(!existsSync('/usr/bin/zsh'))('zsh reads its completion', () => {
    execFileSync('zsh', ['-n', join(root, 'completion/_kms-backup')]);
  });

  test.skipIf(!existsSync('/usr/bin/groff'))(
    'the manual page is formatted without a warning',
    () => {
      const dir = mkdtempSync(join(tmpdir(), 'kms-man-'));
      try {
        const result = execFileSync('sh', [
          '-c',
          `groff -man -ww -Tutf8 "$0" 2>&1 >"$1"`,
          join(root, 'man/kms-backup.1'),
          join(dir, 'out'),
        ]);
        expect(result.toString()).toBe('');
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  );

  test.skipIf(!existsSync('/usr/bin/mandoc'))(
    'mandoc has nothing to say about the manual page but long examples',
    () => {
      const page = join(root, 'man/kms-backup.1');
      const lint = spawnSync('mandoc', ['-T', 'lint', page], {
        encoding: 'utf8',
      });
      const said = lint.stdout
        .split('\n')
        .filter(
          (line) =>
            line !== '' && !/longer than 80 bytes: kms\\-backup/.test(line),
        );
      expect(said).toEqual([]);
    },
  );

  test('the manual page has every command, flag, variable and exit code', () => {
    const page = readFileSync(join(root, 'man/kms-backup.1'), 'utf8')
      .replaceAll('\\-', '-')
      .replaceAll(/\s+/g, ' ');
    const { commands } = JSON.parse(
      readFileSync(join(root, 'oclif.manifest.json'), 'utf8'),
    ) as {
      commands: Record<
        string,
        {
          hidden?: boolean;
          flags: Record<string, { env?: string; allowNo?: boolean }>;
        }
      >;
    };
    for (const [id, { hidden, flags }] of Object.entries(commands)) {
      if (hidden) continue;

      expect(page).toContain(`kms-backup ${id.replaceAll(':', ' ')}`);
      for (const [name, { env, allowNo }] of Object.entries(flags)) {
        expect(page).toContain(allowNo ? `--[no-]${name}` : `--${name}`);
        if (env !== undefined) expect(page).toContain(env);
      }
    }

    for (const [code, meaning] of Object.entries(EXIT_MEANING)) {
      expect(page).toContain(`\\fB${code}\\fR ${meaning}`);
    }

    for (const file of [
      'mailserver.cfg',
      'kms-backup.ini',
      'kms-backup.spool',
    ]) {
      expect(page).toContain(file);
    }
  });

  test('the command prints the script of the shell', () => {
    const run = (...args: string[]): string =>
      execFileSync(
        process.execPath,
        [join(root, 'bin/run.js'), 'completion', ...args],
        { encoding: 'utf8' },
      );
    expect(run('bash')).toContain(
      'complete -o default -F _kms_backup kms-backup kmsrecover',
    );
    expect(JSON.parse(run('zsh', '--json'))).toMatchObject({
      schema: 'kms-backup/completion/1',
      shell: 'zsh',
    });
  });
});
