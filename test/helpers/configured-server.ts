import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { sampleConfig, type SampleOptions } from './mailserver-config.js';

/** A directory that is removed when the test ends. */
export function temporaryDirectory(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'kms backup-')));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/**
 * An install directory with a realistic mailserver.cfg, a store and a log directory.
 * @param dir an empty directory for it; default: one that is removed when the test ends
 */
export function makeInstallation(
  options: SampleOptions = {},
  dir = temporaryDirectory(),
): {
  dir: string;
  configPath: string;
  usersConfigPath: string;
  backupDir: string;
  logDir: string;
} {
  const [storeDir, backupDir, logDir] = [
    join(dir, 'store'),
    join(dir, 'backup'),
    join(dir, 'store', 'logs'),
  ];
  mkdirSync(join(storeDir, 'mail'), { recursive: true });
  mkdirSync(logDir, { recursive: true });
  mkdirSync(backupDir);
  const configPath = join(dir, 'mailserver.cfg');
  const usersConfigPath = join(dir, 'users.cfg');
  writeFileSync(
    configPath,
    sampleConfig({ storeDir: `${storeDir}/`, backupDir, logDir, ...options }),
  );
  // Without it no backup is complete.
  writeFileSync(usersConfigPath, '<config>\r\n</config>\r\n');

  return { dir, configPath, usersConfigPath, backupDir, logDir };
}
