import { spawn } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { findRunningEngine } from '../../src/server/engine.js';
import {
  makeInstallation,
  temporaryDirectory,
} from '../helpers/configured-server.js';

/** A real process that is called mailserver; stopped when the test ends. */
async function startEngine(dir: string, cwd = dir): Promise<number> {
  const program = join(dir, 'mailserver');
  copyFileSync('/bin/sleep', program);
  const child = spawn(program, ['60'], { cwd, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await sleep(100);
  return child.pid ?? 0;
}

describe.skipIf(process.platform !== 'linux')('the engine', () => {
  afterEach(() => {
    delete process.env['KMS_BACKUP_PID_FILE'];
  });

  it('does not run where nothing is there', async () => {
    expect(await findRunningEngine(makeInstallation())).toBeUndefined();
  });

  it('is found by its process when the pid file is missing', async () => {
    const installation = makeInstallation();
    process.env['KMS_BACKUP_PID_FILE'] = join(installation.dir, 'missing.pid');
    const pid = await startEngine(installation.dir);
    expect(await findRunningEngine(installation)).toEqual({
      pid,
      name: 'mailserver',
    });
  });

  it('is found by its pid file although it was started elsewhere', async () => {
    const installation = makeInstallation();
    const pid = await startEngine(temporaryDirectory());
    expect(await findRunningEngine(installation)).toBeUndefined();
    process.env['KMS_BACKUP_PID_FILE'] = join(installation.dir, 'kms.pid');
    writeFileSync(join(installation.dir, 'kms.pid'), `${pid}\n`);
    expect(await findRunningEngine(installation)).toEqual({
      pid,
      name: 'mailserver',
    });
  });

  it("is no other installation's, whose process ends at the very moment", async () => {
    const installation = makeInstallation();
    process.env['KMS_BACKUP_PID_FILE'] = join(installation.dir, 'missing.pid');
    const dir = temporaryDirectory();
    copyFileSync('/bin/true', join(dir, 'mailserver'));
    const loop = 'i=0; while [ $i -lt 300 ]; do ./mailserver; i=$((i+1)); done';
    const child = spawn('sh', ['-c', loop], { cwd: dir, stdio: 'ignore' });

    while (child.exitCode === null) {
      expect(await findRunningEngine(installation)).toBeUndefined();
      await setImmediate();
    }
  });

  it.each(['99999999', String(process.pid), 'nonsense', ''])(
    'is not believed to run by a stale pid file (%s)',
    async (text) => {
      const installation = makeInstallation();
      process.env['KMS_BACKUP_PID_FILE'] = join(installation.dir, 'kms.pid');
      writeFileSync(join(installation.dir, 'kms.pid'), text);
      expect(await findRunningEngine(installation)).toBeUndefined();
    },
  );
});
