import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type PlantedServer,
  plantedServer,
} from '../helpers/planted-server.js';
import {
  BINARY,
  type Ended,
  expectDone,
  kms,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

let base: string;
let server: PlantedServer;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'kms backup-'));
  mkdirSync(join(base, 'server'));
  server = plantedServer(join(base, 'server'));
  expectDone(
    kms(['backup', 'full', '--notify', 'never', '--server-dir', server.dir]),
  );
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Runs a line of shell in which `kms` is the product; its exit code is printed by the line itself. */
function shell(line: string): Ended {
  const kms = `kms() { ${JSON.stringify(process.execPath)} ${JSON.stringify(BINARY)} "$@"; }`;
  return runTool('bash', ['-c', `${kms}; ${line}`], {
    cwd: server.dir,
    env: QUIET_ENVIRONMENT,
    timeoutMs: 30_000,
  });
}

const PRINTING = [
  'list-archives',
  'status --json',
  'backup full --help',
  '--version',
];

describe.skipIf(process.platform !== 'linux')(
  'standard output that nobody takes',
  () => {
    it.each(PRINTING)(
      '%s: a pipe whose reader is gone changes nothing and is not worth a word',
      (words) => {
        const { stdout, stderr } = shell(
          `{ kms ${words}; echo $? >&2; } | true`,
        );
        expect([stdout, stderr]).toEqual(['', '0\n']);
      },
    );

    it.each(PRINTING)('%s: a full disk is an error', (words) => {
      const { stdout, stderr } = shell(`kms ${words} >/dev/full; echo $?`);
      expect(stdout).toBe('1\n');
      if (words === '--version') {
        expect(stderr).toBe('');
      } else {
        expect(stderr).toBe(
          'Error: cannot write to standard output: no space left on its file system\nCode: FAILED\n',
        );
      }
    });

    it('a full disk hides no other exit code', () => {
      expect(
        shell('kms list-archives --no-such-flag --json >/dev/full; echo $?')
          .stdout,
      ).toBe('2\n');
    });

    it('an export into a full disk or to nobody fails, in one line', () => {
      const all = `export "${server.backupDir}" --output -`;
      const full = shell(`kms ${all} >/dev/full; echo $?`);
      expect([full.stdout, full.stderr.match(/Error: /g)?.length]).toEqual([
        '1\n',
        1,
      ]);
      expect(full.stderr).toContain(
        'cannot write to standard output: no space left',
      );
      const gone = shell(`{ kms ${all} --format mbox; echo $? >&2; } | true`);
      expect(gone.stderr).toMatch(
        /^Error: cannot write to standard output: the program that reads it has ended\n[^]*\n1\n$/,
      );
    });

    it('log show --follow ends with its reader', () => {
      const write =
        "for i in 1 2 3 4 5 6; do sleep 0.5; echo '[16/Mar/2021 18:24:38][1] {backup} on' >>store/logs/debug.log; done";
      const { stdout, stderr } = shell(
        `(${write}) & { kms log show --follow; echo $? >&2; } | head -n 1`,
      );
      expect([stdout.split('\n').length, stderr]).toEqual([2, '0\n']);
    });
  },
);

describe.skipIf(process.platform !== 'linux')(
  'standard error that nobody takes',
  () => {
    it.each(['2>/dev/full', '2>&-', '2> >(true)'])(
      '%s: a backup goes on to its end',
      (redirection) => {
        const { stdout } = shell(
          `kms backup full --progress json --notify never ${redirection} >/dev/null; echo $?`,
        );
        expect(stdout).toBe('0\n');
        expect(
          readdirSync(server.backupDir).filter((name) =>
            name.endsWith('.part'),
          ),
        ).toEqual([]);
      },
    );

    it('an error keeps its exit code', () => {
      expect(
        shell('kms list-archives /nonexistent 2>/dev/full; echo $?').stdout,
      ).toBe('10\n');
    });
  },
);
