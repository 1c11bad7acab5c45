import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { helpOf, runInProcess } from '../helpers/in-process.js';
import {
  CALLS,
  COMMAND_IDS,
  CRON_ENVIRONMENT,
  expectNoSecret,
  parseOnly,
  type PlantedServer,
  plantedServer,
  SECRETS,
} from '../helpers/planted-server.js';
import { hasTerminal, type Session, typeInto } from '../helpers/terminal.js';
import { BINARY, type Ended } from '../helpers/tools.js';

const isThorough = process.env['KMS_TEST_THOROUGH'] === '1';

/** Calls `kms-backup` as cron does: /dev/null to read, pipes to write, nearly no environment. */
function fromCron(
  server: PlantedServer,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Ended {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [BINARY, ...words],
    {
      encoding: 'utf8',
      env: { ...CRON_ENVIRONMENT, ...env },
      cwd: server.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    },
  );
  return { status, signal, stdout, stderr };
}

let base: string;
/** Its archive is there: for all that only read. */
let shared: PlantedServer;
beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'kms backup-')));
  for (const name of ['server', 'home']) mkdirSync(join(base, name));
  shared = plantedServer(join(base, 'server'));
  expect(
    fromCron(shared, ['backup', 'full', '--notify', 'never']),
  ).toMatchObject({ status: 0 });
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

/** The server that a command works on, and all its words. */
function callOf(id: string): { server: PlantedServer; words: string[] } {
  const { words, reads } = CALLS[id] ?? {};
  const server = reads ? shared : plantedServer();
  return {
    server,
    words: [...id.split(':'), ...(words?.(server, temporaryDirectory()) ?? [])],
  };
}

describe.each(COMMAND_IDS)('%s', (id) => {
  const {
    exitCode = 0,
    typed,
    isLong = false,
    isVerdict = false,
  } = CALLS[id] ?? {};

  it('ends alike with --json and without, as from cron, and prints one document or none', () => {
    const home = join(base, 'home');
    const [text, json] = [
      { more: [], env: {} },
      { more: ['--json'], env: { HOME: home } },
    ].map(({ more, env }) => {
      const { server, words } = callOf(id);
      return fromCron(server, [...words, ...more], env);
    }) as [Ended, Ended];
    expect([text.status, json.status], text.stderr + json.stderr).toEqual([
      exitCode,
      exitCode,
    ]);
    expect(parseOnly(json.stdout).schema).toMatch(/^kms-backup\/[a-z-]+\/1$/);
    if (json.status !== 0 && !isVerdict) expect(text.stdout).toBe('');
    for (const { stdout, stderr } of [text, json]) {
      expectNoSecret(id, stdout + stderr);
      expect(stderr).not.toMatch(/UNEXPECTED|\n {4}at /);
    }

    expect(readdirSync(home), 'what it left in the home directory').toEqual([]);
  });

  const onTerminal = (more: string[], stdout?: string): Session => {
    const { server, words } = callOf(id);
    return typeInto([...words, ...more], typed?.steps ?? [], {
      cwd: server.dir,
      env: { ...CRON_ENVIRONMENT, NO_COLOR: '' },
      ...(stdout === undefined ? {} : { stdout }),
    });
  };

  const expectAsInPipe = ({ status, screen }: Session): void => {
    expect(status, screen).toBe(typed?.exitCode ?? exitCode);
    expectNoSecret(id, screen);
    expect(screen).not.toMatch(/UNEXPECTED|\n {4}at /);
  };

  // A command that is typed into is called on a terminal both ways; of the others each second one is, by turns.
  const isEven = COMMAND_IDS.indexOf(id) % 2 === 0;
  const hasBoth = isThorough || typed !== undefined;

  if (!isLong && (hasBoth || isEven)) {
    it.skipIf(!hasTerminal)('ends on a terminal as in a pipe', () => {
      expectAsInPipe(onTerminal([]));
    });
  }

  if (!isLong && (hasBoth || !isEven)) {
    it.skipIf(!hasTerminal)(
      'writes into a file the document alone, also where a terminal is there',
      () => {
        const file = join(temporaryDirectory(), 'stdout');
        expectAsInPipe(onTerminal(['--json'], file));
        expect(parseOnly(readFileSync(file, 'utf8')).schema).toMatch(
          /^kms-backup\/[a-z-]+\/1$/,
        );
      },
    );
  }

  it('ends with 2 both ways for a flag that it does not know', async () => {
    const text = await runInProcess(id, ['--no-such-flag']);
    const json = await runInProcess(id, ['--no-such-flag', '--json']);
    expect([text.exitCode, json.exitCode]).toEqual([2, 2]);
    expect(text.output).toMatch(
      /^Error: Nonexistent flag: --no-such-flag\nCode: USAGE\n/,
    );
    expect(parseOnly(json.output)).toMatchObject({
      schema: 'kms-backup/error/1',
      exitCode: 2,
    });
  });

  it('has examples and every exit code in its help, in 80 columns', async () => {
    const help = await helpOf(id);
    expect(help).toMatch(/\nEXIT STATUS\n +0 /);
    expect(help).toMatch(/\nEXAMPLES\n +\S/);
    const prose = help
      .split('\n')
      .filter((line) => !/^ +(\$ )?\S*.*kms-backup /.test(line));
    expect(prose.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('an environment with next to nothing in it', () => {
  it.skipIf(process.platform === 'win32')(
    'standard input is closed, the home directory missing or not to be written',
    () => {
      const server = plantedServer();
      for (const home of ['/nonexistent/home', '/proc']) {
        const env = {
          ...CRON_ENVIRONMENT,
          HOME: home,
          XDG_CACHE_HOME: `${home}/cache`,
        };
        const words = ['backup', 'full', '--notify', 'never'];
        const closed = spawnSync(
          'sh',
          ['-c', 'exec "$@" <&-', 'sh', process.execPath, BINARY, ...words],
          {
            encoding: 'utf8',
            cwd: server.dir,
            env,
          },
        );
        expect(closed).toMatchObject({ status: 0, stderr: '' });
      }
    },
  );
});

describe.skipIf(!hasTerminal)('on a terminal', () => {
  it('the document is the last line of the screen, behind progress and warnings', () => {
    const server = plantedServer();
    const { status, screen } = typeInto(['backup', 'full', '--json'], [], {
      cwd: server.dir,
      env: CRON_ENVIRONMENT,
    });
    expect(status).toBe(0);
    expect(screen).toContain('Warning: no notification was sent');
    expect(
      parseOnly(`${screen.trimEnd().split('\n').at(-1) ?? ''}\n`).schema,
    ).toBe('kms-backup/backup/1');
  });

  it.each([
    ['y', 0],
    ['n', 2],
  ])('recover asks; %s ends with %d', (answer, expected) => {
    const place = { cwd: shared.dir, env: CRON_ENVIRONMENT };
    const { status, screen } = typeInto(
      ['recover', shared.backupDir],
      [['Do it?', `${answer}\r`]],
      place,
    );
    expect(status, screen).toBe(expected);
    expect(screen).toContain(
      expected === 0
        ? 'Recovered  2 messages'
        : 'not confirmed: nothing was changed',
    );
  });
});

/** Every file below a directory. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

describe('a planted password', () => {
  it('stands in nothing that a run leaves: logs, spooled mail, metrics, pages, hooks', () => {
    const server = plantedServer();
    const home = temporaryDirectory();
    const out = join(home, 'out');
    const seen = join(home, 'hook.txt');
    mkdirSync(out);
    const more = `[hooks]\nafter = env > "${seen}"\n[metrics]\ntextfile = ${join(out, 'kms.prom')}\n`;
    const ini = join(server.dir, 'kms-backup.ini');
    writeFileSync(ini, readFileSync(ini, 'utf8') + more);
    const planted = new Set(filesBelow(server.dir));
    const run = fromCron(server, [
      'backup',
      'full',
      '--verbose',
      '--progress',
      'json',
      '--mask',
      'mail',
    ]);
    expect([run.status, run.stderr]).toEqual([
      0,
      expect.stringContaining('no notification was sent'),
    ]);
    fromCron(server, ['status', '--html', join(out, 'page.html')]);
    fromCron(server, [
      'schedule',
      'install',
      '--to',
      'systemd',
      '--directory',
      out,
      '--even-if-disabled',
    ]);
    const left = [...filesBelow(server.dir), ...filesBelow(home)].filter(
      (path) => !planted.has(path),
    );
    const logs = filesBelow(join(server.dir, 'store', 'logs'));
    expect(left.length).toBeGreaterThan(3);
    expect(logs.map((path) => readFileSync(path, 'latin1')).join('')).toContain(
      '{backup}',
    );
    for (const path of [...left, ...logs]) {
      if (path === seen) continue;
      expectNoSecret(path, readFileSync(path, 'latin1'));
    }

    expect(readFileSync(seen, 'utf8')).not.toContain(SECRETS.smtp);
  });
});
