import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import {
  makeRunningServer,
  type RunningServer,
} from '../helpers/running-server.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  expectEnd,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

/** Whether /run and /etc/init.d can be others for a child alone. */
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

let dir = '';
let server: Installation;
let engine: RunningServer;

beforeEach(async () => {
  dir = temporaryDirectory('service');
  server = buildInstallation(join(dir, 'server'), { keep: 7 });
  engine = makeRunningServer(server.serverDir);
  await engine.start();
  writeFileSync(
    join(server.serverDir, 'kms-backup.ini'),
    '[server]\nstart-timeout = 6s\n',
  );
});
afterEach(() => {
  engine.kill();
  removeTemporary(dir);
});

/** Does what the server's script does, and writes down that it was called. */
const recorder = (name: string, more = ''): string =>
  `#!/bin/sh\necho "${name} $*" >> '${join(dir, 'calls')}'\n${more}\n`;

/**
 * Edits on a machine whose init script is planted.
 * @param unit the unit that systemctl calls active; undefined: systemd does not run
 */
function edit(unit?: string): Ended {
  const script = join(dir, 'kerio-connect');
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(dir, 'calls'), '');
  writeFileSync(script, recorder('script', `exec '${engine.script}' "$1"`), {
    mode: 0o755,
  });
  writeFileSync(
    join(bin, 'systemctl'),
    recorder(
      'systemctl',
      `[ "$1" = is-active ] || exec '${engine.script}' "$1"\n[ "$3" = '${unit ?? ''}' ]`,
    ),
    { mode: 0o755 },
  );
  const lines = [
    'mount -t tmpfs none /run && mount -t tmpfs none /etc/init.d || exit 77',
    `cp -p '${script}' /etc/init.d/`,
    unit === undefined ? '' : 'mkdir -p /run/systemd/system',
    `exec "$NODE" "$PROGRAM" config set keep=3 --restart-server --server-dir '${server.serverDir}'`,
  ];

  return runTool('unshare', ['-m', 'sh', '-c', lines.join('\n')], {
    env: {
      ...QUIET_ENVIRONMENT,
      NODE: process.execPath,
      PROGRAM: BINARY,
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    },
  });
}

const calls = (): string[] =>
  readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n');

describe.skipIf(!canMount)("the platform's own way (needs unshare)", () => {
  it('is the script in /etc/init.d where systemd does not run', () => {
    const pid = engine.pid();
    const ended = edit();
    expectDone(ended);
    expect(ended.stderr).toContain(': /etc/init.d/kerio-connect stop');
    expect(calls()).toEqual(['script stop', 'script start']);
    expect(engine.pid()).toBeDefined();
    expect(engine.pid()).not.toBe(pid);
  });

  it('is the unit that is active where it does, and the script is left alone', () => {
    const pid = engine.pid();
    expectDone(edit('keriomailserver'));
    expect(calls()).toEqual([
      'systemctl is-active --quiet kerio-connect',
      'systemctl is-active --quiet keriomailserver',
      'systemctl stop keriomailserver',
      'systemctl start keriomailserver',
    ]);
    expect(engine.pid()).toBeDefined();
    expect(engine.pid()).not.toBe(pid);
  });

  it('is none where no unit is active: somebody started the server by hand', () => {
    const pid = engine.pid();
    const ended = edit('another');
    expectEnd(ended, 13, 'ENGINE_RUNNING');
    expect(ended.stderr).toContain('[server] of kms-backup.ini');
    expect(calls().filter((call) => !call.includes('is-active'))).toEqual([]);
    expect(engine.pid()).toBe(pid);
  });
});
