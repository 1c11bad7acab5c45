import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offsetAt, parsePosixZone } from '../../src/platform/posix-zone.js';
import { settleTimeZone } from '../../src/platform/time-zone.js';
import { kms } from '../helpers/tools.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const NOWHERE = '/nonexistent';
const hoursAt = (rule: string, time: string): number | undefined => {
  const zone = parsePosixZone(rule);
  return zone && offsetAt(zone, Date.parse(time)) / 3_600_000;
};

describe('a POSIX time zone rule', () => {
  it.each([
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-03-29T00:59:59Z', 1],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-03-29T01:00:00Z', 2],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-10-25T00:59:59Z', 2],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-10-25T01:00:00Z', 1],
    ['EST5EDT,M3.2.0,M11.1.0', '2026-03-08T07:00:00Z', -4],
    ['EST5EDT,M3.2.0,M11.1.0', '2026-03-08T06:59:59Z', -5],
    ['AEST-10AEDT,M10.1.0,M4.1.0/3', '2026-01-01T00:00:00Z', 11],
    ['AEST-10AEDT,M10.1.0,M4.1.0/3', '2026-07-01T00:00:00Z', 10],
    ['XXX-1YYY-3,J60,J300/12:30', '2028-02-29T12:00:00Z', 1],
    ['XXX-1YYY-3,J60,J300/12:30', '2028-03-01T12:00:00Z', 3],
    ['XXX-1YYY,59,300', '2028-02-29T01:00:00Z', 2],
    ['<+0530>-5:30', '2026-07-01T00:00:00Z', 5.5],
  ])('%s at %s', (rule, time, hours) => {
    expect(hoursAt(rule, time)).toBe(hours);
  });

  it.each([
    'CET-1CEST',
    'bogus',
    'CET',
    'CET-1CEST,M3.5',
    'CET-1CEST,M13.6.9,M1.1.1',
    '',
  ])('is none: %s', (text) => {
    expect(parsePosixZone(text)).toBeUndefined();
  });
});

describe('the local time zone', () => {
  it.each([
    ['CET-1CEST,M3.5.0,M10.5.0/3', 'Europe/Berlin'],
    [':CET-1CEST,M3.5.0,M10.5.0/3', 'Europe/Berlin'],
    ['EST5EDT,M3.2.0,M11.1.0', 'America/New_York'],
    ['<+03>-3', 'Etc/GMT-3'],
    ['UTC-2', 'Etc/GMT-2'],
    ['<+0545>-5:45', 'Asia/Kathmandu'],
    ['', 'UTC'],
    [':Europe/Prague', 'Europe/Prague'],
    ['/usr/share/zoneinfo/Europe/Prague', 'Europe/Prague'],
    ['Europe/Prague', 'Europe/Prague'],
    ['bogus', undefined],
    ['CET-1CEST', undefined],
    ['XXX-1YYY,M5.1.0,M6.1.0', undefined],
    ['/nonexistent/zone', undefined],
  ])('of TZ=%s is %s', (given, zone) => {
    const environment = { TZ: given };
    const problem = settleTimeZone(environment, NOWHERE);
    expect(environment.TZ.replace('Katmandu', 'Kathmandu')).toBe(zone ?? 'UTC');
    expect(problem ?? '').toContain(
      zone === undefined ? `TZ=${JSON.stringify(given)} is no time zone` : '',
    );
  });

  it('is left alone where nothing names one', () => {
    const environment: NodeJS.ProcessEnv = {};
    expect(settleTimeZone(environment, NOWHERE)).toBeUndefined();
    expect(environment).toEqual({});
  });

  const HOWE = '/usr/share/zoneinfo/Australia/Lord_Howe';
  it.runIf(existsSync(HOWE))('is found behind a copy of its file', () => {
    const directory = temporaryDirectory('zone');
    const copy = join(directory, 'localtime');
    writeFileSync(copy, readFileSync(HOWE));
    const environment: NodeJS.ProcessEnv = {};
    expect(settleTimeZone(environment, copy)).toBeUndefined();
    expect(environment['TZ']).toBe('Australia/Lord_Howe');
    const named = { TZ: `:${copy}` };
    settleTimeZone(named, NOWHERE);
    expect(named.TZ).toBe('Australia/Lord_Howe');
    removeTemporary(directory);
  });
});

describe('a program', () => {
  let dir = '';
  let server: Installation;
  beforeAll(() => {
    dir = temporaryDirectory('zones');
    server = buildInstallation(join(dir, 'server'), { store: {} });
  });
  afterAll(() => {
    removeTemporary(dir);
  });
  const run = (words: readonly string[], env: NodeJS.ProcessEnv) =>
    kms([...words, '--server-dir', server.serverDir], { env });

  it('shows the times of a POSIX rule', () => {
    run(
      ['schedule', 'add', '--type', 'full', '--day', 'sun', '--time', '01:00'],
      {},
    );
    const { stdout, stderr } = run(['schedule', 'list'], {
      TZ: 'CET-1CEST,M3.5.0,M10.5.0/3',
    });
    expect(stderr).not.toContain('TZ=');
    expect(stdout).toMatch(/01:00 CES?T/);
  });

  it('says that it does not know a zone, and runs no schedule by it', () => {
    expect(run(['schedule', 'list'], { TZ: 'bogus' }).stderr).toContain(
      'Warning: TZ="bogus" is no time zone that is known here: times count as UTC.',
    );
    const ended = run(['schedule', 'run'], { TZ: 'bogus' });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain('Code: USAGE');
    expect(ended.stderr).toContain('TZ=Europe/Prague');
  });

  /** What BusyBox 1.36 says and does, as a script: the Debian package is built without it. */
  const BUSYBOX = `#!/bin/sh
spool="$SPOOL"
[ "$1" = --help ] && { echo "BusyBox v1.36.1 (2023-11-07) multi-call binary." >&2; exit 1; }
[ -d "$spool" ] || { echo "crontab: can't change directory to '$spool': No such file or directory" >&2; exit 1; }
cd "$spool"
case "$1" in
-l) [ -f root ] || { echo "crontab: can't open 'root': No such file or directory" >&2; exit 1; }; cat root;;
-r) rm -f root;;
-) cat > root;;
esac
`;
  it.runIf(process.platform !== 'win32')(
    "installs into BusyBox's crontab, or says why not",
    () => {
      const bin = join(dir, 'bin');
      const spool = join(dir, 'spool');
      mkdirSync(bin);
      writeFileSync(join(bin, 'crontab'), BUSYBOX, { mode: 0o755 });
      const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, SPOOL: spool };
      const install = (...more: string[]) =>
        run(['schedule', 'install', '--to', 'cron', ...more], env);
      const missing = install();
      expect(missing.status).toBe(1);
      expect(missing.stderr).toContain(
        'Make the directory that BusyBox keeps crontabs in',
      );
      mkdirSync(spool);
      expect(install().status).toBe(0);
      expect(readFileSync(join(spool, 'root'), 'utf8')).toContain(
        '# BEGIN kms-backup',
      );
      expect(run(['schedule', 'uninstall', '--to', 'cron'], env).status).toBe(
        0,
      );
      expect(existsSync(join(spool, 'root'))).toBe(false);
      const config = readFileSync(
        join(server.serverDir, 'mailserver.cfg'),
        'utf8',
      );
      const { serverDir } = buildInstallation(join(dir, '100%'), {
        store: {},
        config,
      });
      const percent = kms(
        ['schedule', 'install', '--to', 'cron', '--server-dir', serverDir],
        { env },
      );
      expect(percent.status).toBe(2);
      expect(percent.stderr).toContain("BusyBox's cron");
    },
  );
});
