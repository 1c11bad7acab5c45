import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dateFromLocal } from '../../src/platform/clock.js';
import { isBackupLine, openServerLog } from '../../src/server/server-log.js';
import { readSettings } from '../../src/server/settings.js';
import { makeInstallation } from '../helpers/configured-server.js';

const clock = (): Date => dateFromLocal([2021, 3, 16, 18, 24, 38]);

describe('the server’s own logs', () => {
  it('get our lines in their format, debug lines only while the message group is on', () => {
    const on = makeInstallation({ debugEvents: [['backup', '1']] });
    const log = openServerLog(readSettings(on), clock);
    log.debug('backup full started\r\nwith a line end');
    log.jobFinished('F20210316T182438Z.zip');
    log.jobFailed('full', 'the disk is full');
    const debug = readFileSync(join(on.logDir, 'debug.log'), 'utf8');
    expect(debug).toBe(
      `[16/Mar/2021 18:24:38][${process.pid}] {backup} backup full started with a line end\n`,
    );
    expect(isBackupLine(debug.trim())).toBe(true);
    expect(readFileSync(join(on.logDir, 'error.log'), 'utf8')).toBe(
      '[16/Mar/2021 18:24:38] Backup job finished: F20210316T182438Z.zip\n[16/Mar/2021 18:24:38] full backup has failed with error: the disk is full\n',
    );
    const off = makeInstallation();
    openServerLog(readSettings(off), clock).debug('x');
    expect(existsSync(join(off.logDir, 'debug.log'))).toBe(false);
  });

  it('keep the line ends that they have', () => {
    const installation = makeInstallation();
    writeFileSync(join(installation.logDir, 'error.log'), 'a\r\n');
    openServerLog(readSettings(installation), clock).jobFinished('x');
    expect(
      readFileSync(join(installation.logDir, 'error.log'), 'latin1'),
    ).toMatch(/^a\r\n\[.*\r\n$/);
  });

  it('never fail a backup: a missing directory is a problem to report', () => {
    const installation = makeInstallation();
    rmSync(installation.logDir, { recursive: true });
    const log = openServerLog(readSettings(installation), clock);
    log.jobFinished('x');
    expect(log.problem).toContain('there is no log directory');
  });
});
