import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownProgram } from '../../src/platform/self.js';
import {
  makeInstallation,
  temporaryDirectory,
} from '../helpers/configured-server.js';
import { runAsScheduler, startedBy } from '../helpers/scheduler.js';
import {
  BINARY,
  type Ended,
  hasTool,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const ROOT = dirname(dirname(BINARY));
const NODE_IN_PATH = `${dirname(process.execPath)}:/usr/bin:/bin`;
/** A name that every scheduler quotes in its own way. */
const ODD = `it's 100% "odd" $HOME`;

type Kms = (args: readonly string[]) => Ended;

function makeServer(): { dir: string; backupDir: string } {
  const dir = join(temporaryDirectory(), ODD);
  const { backupDir, usersConfigPath } = makeInstallation({}, dir);
  writeFileSync(usersConfigPath, '<config></config>');
  const messages = join(
    dir,
    'store',
    'mail',
    'example.com',
    'alice',
    'INBOX',
    '#msgs',
  );
  mkdirSync(messages, { recursive: true });
  writeFileSync(join(messages, '00000001.eml'), 'Subject: x\r\n\r\ny\r\n');
  return { dir, backupDir };
}

/** A directory for PATH in which `kms-backup` is a link to `target`, as npm makes it. */
function linkedName(target: string): string {
  const directory = join(temporaryDirectory(), ODD);
  mkdirSync(directory);
  symlinkSync(target, join(directory, 'kms-backup'));
  return directory;
}

function calledFromPath(directory: string): Kms {
  const env = { ...QUIET_ENVIRONMENT, PATH: `${directory}:${NODE_IN_PATH}` };
  return (args) =>
    runTool('kms-backup', args, { env, cwd: dirname(directory) });
}

/** npm's ways to start the program, each as a person types it. */
const STARTS: Readonly<Record<string, () => Kms>> = {
  'node and the script, by a relative path': () => (args) =>
    runTool(process.execPath, [join('bin', 'run.js'), ...args], {
      env: QUIET_ENVIRONMENT,
      cwd: ROOT,
    }),
  'the name that npm links into a directory of PATH': () =>
    calledFromPath(linkedName(BINARY)),
  'the name that npm link leads here over a second link': () => {
    const package_ = join(temporaryDirectory(), 'kms-backup');
    symlinkSync(ROOT, package_);
    return calledFromPath(linkedName(join(package_, 'bin', 'run.js')));
  },
  'node and the script without its ending': () => (args) =>
    runTool(process.execPath, [join('bin', 'run'), ...args], {
      env: QUIET_ENVIRONMENT,
      cwd: ROOT,
    }),
};

function expectBackup(command: readonly string[], backupDir: string): void {
  expect(runAsScheduler(command)).toEqual({ status: 0, said: '' });
  expect(
    readdirSync(backupDir).filter((name) => /^F.*\.zip$/.test(name)),
  ).toHaveLength(1);
}

function exported(kms: Kms, kind: string, dir: string): string {
  const { status, stdout, stderr } = kms([
    'schedule',
    'export',
    '--to',
    kind,
    '--server-dir',
    dir,
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('an exported entry backs up from / with an empty environment', () => {
  it.each(Object.keys(STARTS))('written by %s', (start) => {
    const { dir, backupDir } = makeServer();
    const kms = STARTS[start]?.();
    if (!kms) throw new Error(start);
    expectBackup(startedBy('cron', exported(kms, 'cron', dir)), backupDir);
  });

  it.for(['systemd', 'launchd', 'schtasks'] as const)(
    'for %s',
    (kind, context) => {
      if (kind !== 'systemd' && !hasTool('python3')) context.skip('no python3');
      const { dir, backupDir } = makeServer();
      const kms = calledFromPath(linkedName(BINARY));
      expectBackup(startedBy(kind, exported(kms, kind, dir)), backupDir);
    },
  );
});

describe('the program', () => {
  it.each([
    ['kmsrecover', join(ROOT, 'bin', 'kmsrecover.js')],
    ['a script that is not ours', import.meta.filename],
    ['nothing', undefined],
  ])('called as %s starts kms-backup itself', (_, called) => {
    const before = process.argv[1];
    try {
      process.argv[1] = called as string;
      expect([ownProgram()[0], ownProgram().at(-1)]).toEqual([
        process.execPath,
        BINARY,
      ]);
    } finally {
      process.argv[1] = before as string;
    }
  });
});

describe('doctor starts what the entry starts', () => {
  /** A `crontab` of our own, a program that stands for the single executable, and a server that leaves backups to the entry. */
  function withCrontab(): {
    doctor: () => Ended;
    program: string;
    rewrite: (change: (text: string) => string) => void;
  } {
    const { dir } = makeServer();
    const bin = temporaryDirectory();
    const [table, program] = [join(bin, 'table'), join(bin, 'kms-backup')];
    const script = (name: string, text: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    };

    script('kms-backup', `exec '${process.execPath}' '${BINARY}' "$@"`);
    script(
      'crontab',
      `if [ "$1" = -l ]; then exec cat '${table}'; else exec cat > '${table}'; fi`,
    );
    writeFileSync(table, '');
    const env = { ...QUIET_ENVIRONMENT, PATH: `${bin}:${NODE_IN_PATH}` };
    const run = (...args: string[]): Ended =>
      runTool(process.execPath, [BINARY, ...args, '--server-dir', dir], {
        env,
        cwd: dir,
      });
    run('config', 'set', 'enabled=false');
    run('schedule', 'install', '--to', 'cron', '--even-if-disabled');
    return {
      doctor: () => run('doctor'),
      program,
      rewrite: (change) => {
        writeFileSync(table, change(readFileSync(table, 'utf8')));
      },
    };
  }

  it('and says what is wrong and what to do where it does not start', () => {
    const { doctor, program, rewrite } = withCrontab();
    expect(doctor().stdout).toMatch(
      /^ok +scheduler +the cron entry works through the schedule$/m,
    );

    // As earlier versions wrote it: at the priority of everybody.
    rewrite((text) => text.replaceAll(/ \S+\/nice .*?(?= \S+node )/g, ''));
    expect(doctor().stdout).toMatch(
      /^ok +scheduler +the cron entry works through the schedule$/m,
    );

    const entry = `${process.execPath} ${BINARY}`;
    rewrite((text) => text.replaceAll(entry, `/nowhere/nice -n 10 ${entry}`));
    expect(doctor().stdout).toMatch(
      /^problem +scheduler .*nothing starts behind \/nowhere\/nice -n 10$/m,
    );

    rewrite((text) =>
      text.replaceAll(`/nowhere/nice -n 10 ${entry}`, `'${program}'`),
    );
    expect(doctor().stdout).toMatch(
      /^ok +scheduler +the cron entry works through the schedule$/m,
    );

    // As earlier versions wrote it where the executable was called by name.
    rewrite((text) =>
      text.replaceAll(`'${program}'`, `'${program}' kms-backup`),
    );
    const doubled = doctor();
    expect(doubled.status).toBe(1);
    expect(doubled.stdout).toMatch(
      /^problem +scheduler .*does not start: .*kms-backup --version ended with 2, Error: /m,
    );
    expect(doubled.stdout).toMatch(
      /\* Write it anew: schedule install --to cron --even-if-disabled$/m,
    );

    rewrite((text) =>
      text.replaceAll(`'${program}' kms-backup`, '/nowhere/kms-backup'),
    );
    expect(doctor().stdout).toMatch(
      /^problem +scheduler .*there is no \/nowhere\/kms-backup$/m,
    );
  });
});
