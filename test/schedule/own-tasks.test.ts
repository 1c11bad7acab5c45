import {
  appendFileSync,
  existsSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findInstallation } from '../../src/server/installation.js';
import { parseOwnTasks } from '../../src/schedule/own-tasks.js';
import {
  runSchedule,
  type ScheduleRunOptions,
  type ScheduleRunReport,
} from '../../src/schedule/run.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { expectDone, expectEnd } from '../helpers/tools.js';

/** A Saturday, local time. */
const saturday = (hour: number, minute = 0, day = 28): Date =>
  new Date(2026, 10, day, hour, minute, 3);

let server: Installation;
let calls = '';

beforeEach(() => {
  server = buildInstallation(temporaryDirectory());
  calls = join(server.serverDir, 'calls');
});

/** A program that writes down what it is called with, and ends as it is told. */
function recorder(exitCode = 0): string[] {
  const script = `require('node:fs').appendFileSync(${JSON.stringify(calls)}, process.argv[1] + '\\n'); process.exit(${String(exitCode)})`;

  return [process.execPath, '-e', script];
}

const called = (): string[] =>
  existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];

function run(
  at: Date,
  changes: Partial<ScheduleRunOptions> = {},
): Promise<ScheduleRunReport> {
  return runSchedule(findInstallation({ serverDir: server.serverDir }), {
    clock: () => at,
    program: recorder(),
    backupFlags: [],
    newestArchiveAt: undefined,
    isEvenIfDisabled: false,
    isDryRun: false,
    ownTasks: parseOwnTasks({ verify: 'sat 05:00', drill: 'daily 06:00' }),
    taskFlags: [],
    busyWith: () => undefined,
    ...changes,
  });
}

describe('the tasks of kms-backup.ini', () => {
  it('are run once when they are due, and once for all that was missed', async () => {
    await run(saturday(4, 0));
    expect(called()).toEqual([]);

    await run(saturday(5));
    await run(saturday(6));
    await run(saturday(6, 30));
    expect(called()).toEqual(['verify', 'drill']);

    // A machine that was off for a week and more.
    await run(new Date(2026, 11, 9, 12));
    expect(called()).toEqual(['verify', 'drill', 'verify', 'drill']);
  });

  it('tell how they ended, and that they are not tried again for it', async () => {
    const failed = await run(saturday(5), { program: recorder(4) });
    const again = await run(saturday(5, 30), { program: recorder(4) });

    expect(failed).toMatchObject({
      exitCode: 4,
      ownTasks: [{ task: 'verify', action: 'ran', exitCode: 4 }],
    });
    expect(again).toMatchObject({ exitCode: 0, ownTasks: [] });
  });

  it('are all that is done where the server itself backs up', async () => {
    const only = { isTasksOnly: true, isEvenIfDisabled: true };
    const { action, exitCode } = await run(saturday(5), only);

    expect({ action, exitCode }).toEqual({ action: 'tasks-only', exitCode: 0 });
    expect(called()).toEqual(['verify']);
  });

  it('have an entry of their own, and need one', async () => {
    const ini = join(server.serverDir, 'kms-backup.ini');
    const place = ['--server-dir', server.serverDir];
    const words = ['schedule', 'export', '--tasks-only', ...place, '--to'];
    expectEnd(await kmsInProcess([...words, 'cron']), 2, 'CONFIGURATION');

    expectDone(await kmsInProcess(['schedule', 'reset', ...place]));
    writeFileSync(ini, '[tasks]\nverify = sat 05:00\n');
    const { stdout: cron } = await kmsInProcess([...words, 'cron']);
    expect(cron.match(/^\d.*--tasks-only$/gm)).toHaveLength(2);
    const { stdout: timer } = await kmsInProcess([...words, 'systemd']);
    expect(timer.match(/^OnCalendar=.*$/gm)).toEqual([
      'OnCalendar=Sat *-*-* 05:00:00',
      'OnCalendar=Sat *-*-* 06:00:00',
    ]);
  });

  it('wait for a backup that is at work, and stay due', async () => {
    const waiting = await run(saturday(5), { busyWith: () => 'backup full' });
    const later = await run(saturday(5, 40));

    expect(waiting.ownTasks).toMatchObject([{ action: 'waiting' }]);
    expect(later.ownTasks).toMatchObject([{ task: 'verify', action: 'ran' }]);
  });

  it('are given up for that time when they were killed three times', async () => {
    const killed = [process.execPath, '-e', 'process.kill(process.pid, 9)'];
    const actions: unknown[] = [];
    for (let count = 0; count < 5; count++) {
      const { ownTasks } = await run(saturday(5, count), { program: killed });
      actions.push(ownTasks.map(({ action }) => action));
    }

    expect(actions).toEqual([['ran'], ['ran'], ['ran'], ['given-up'], []]);
  });

  it('are only named by --dry-run', async () => {
    const { ownTasks } = await run(saturday(5), { isDryRun: true });

    expect(ownTasks).toMatchObject([{ task: 'verify', action: 'would-run' }]);
    expect(called()).toEqual([]);
    expect(existsSync(join(server.serverDir, 'kms-backup-tasks.json'))).toBe(
      false,
    );
  });

  it('begin anew where their state is damaged, and where the clock was set back', async () => {
    const path = join(server.serverDir, 'kms-backup-tasks.json');
    writeFileSync(path, '{"schema":');
    await run(saturday(5));
    await run(new Date(2025, 10, 29, 5, 0, 3));

    expect(called()).toEqual(['verify', 'verify']);
  });

  it('are read as days and times, and as cron expressions', () => {
    const when = (text: string): unknown =>
      parseOwnTasks({ verify: text, drill: undefined })[0]?.times;
    const saturdays = [{ day: 6, timeSeconds: 5 * 3600 }];

    expect(when('sat 05:00')).toEqual(saturdays);
    expect(when('0 5 * * 6')).toEqual(saturdays);
    expect(when('mon, Thursday 23:30')).toMatchObject([{ day: 1 }, { day: 4 }]);
    expect(when('daily 06:00')).toHaveLength(7);
    expect(() => when('someday 05:00')).toThrow('[tasks] verify');
    expect(() => when('0 5 1 * *')).toThrow('day of the month');
  });

  it('are in the list, in the entries of every scheduler, and missed by doctor', async () => {
    const ini = join(server.serverDir, 'kms-backup.ini');
    appendFileSync(ini, '[tasks]\nverify = sat 05:00\ndrill = 0 6 * * 0\n');
    const place = ['--server-dir', server.serverDir];
    const { json } = await kmsJsonInProcess(['schedule', 'list', ...place]);
    const entry = await kmsInProcess([
      'schedule',
      'export',
      '--to',
      'cron',
      ...place,
    ]);
    const unit = await kmsInProcess([
      'schedule',
      'export',
      '--to',
      'systemd',
      ...place,
    ]);
    const doctor = await kmsInProcess([
      'doctor',
      ...place,
      '--name',
      'nowhere',
    ]);

    expect(json['ownTasks']).toMatchObject([
      { task: 'verify', when: 'sat 05:00' },
      { task: 'drill', when: '0 6 * * 0' },
    ]);
    expect(entry.stdout).toContain('0 5 * * 6 ');
    expect(entry.stdout).toContain('0 6 * * 6,0 ');
    expect(unit.stdout).toContain('OnCalendar=Sat *-*-* 05:00:00');
    expect(doctor.stdout).toContain('asks for verify and drill');

    appendFileSync(ini, 'backup = never\n');
    expectEnd(
      await kmsInProcess(['schedule', 'list', ...place]),
      2,
      'CONFIGURATION',
    );
  });

  it('that were missed are a warning of status, until they are done', async () => {
    const ini = join(server.serverDir, 'kms-backup.ini');
    const place = ['--server-dir', server.serverDir];
    const warnings = async (): Promise<string> =>
      JSON.stringify(
        (await kmsJsonInProcess(['status', ...place])).json['warnings'],
      );
    writeFileSync(ini, '[tasks]\nverify = daily 05:00\n');
    expect(await warnings()).not.toContain('[tasks]');

    const days = Date.now() / 1000 - 3 * 86_400;
    utimesSync(ini, days, days);
    expect(await warnings()).toMatch(
      /the verify of \[tasks\] that was due \w{3} .* 05:00 .* was not made: nothing calls schedule run/,
    );

    expectDone(await kmsInProcess(['backup', 'full', ...place]));
    expectDone(await kmsInProcess(['verify', ...place]));
    expect(await warnings()).not.toContain('[tasks]');
  });

  it('whose time nobody can understand are a finding of doctor, and said by status', async () => {
    const ini = join(server.serverDir, 'kms-backup.ini');
    const place = ['--server-dir', server.serverDir];
    writeFileSync(ini, '[tasks]\nverify = 0 5 1 * *\n');
    const words = ['doctor', ...place, '--name', 'nowhere'];
    const { status, stdout } = await kmsInProcess(words);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^problem +tasks +it is never made: .*verify/m);

    const state = await kmsInProcess(['status', ...place]);
    expect(state.stdout).toMatch(/^Warning +\[tasks\] verify.*never made$/m);
  });

  it.each(['0 5 1 * *', 'satt 5am', 'someday 05:00'])(
    'keep no backup from its work where %j says nothing, and are told by each',
    async (when) => {
      const ini = join(server.serverDir, 'kms-backup.ini');
      const place = ['--server-dir', server.serverDir];
      const fault = /\[tasks\] verify of kms-backup.ini.*never made/;
      writeFileSync(ini, `[tasks]\nverify = ${when}\n`);

      const words = ['schedule', 'run', ...place];
      expectEnd(await kmsInProcess(words), 2, 'CONFIGURATION');

      expectDone(await kmsInProcess(['schedule', 'reset', ...place]));
      const ended = await kmsInProcess([...words, '--even-if-disabled']);
      expect(ended.status, ended.stderr).toBe(3);
      expect(ended.stderr).toMatch(fault);

      const { json } = await kmsJsonInProcess(['backup', 'full', ...place]);
      expect(json).toMatchObject({ exitCode: 0 });
      expect(JSON.stringify(json['warnings'])).toMatch(/never made/);
      const list = await kmsInProcess(['schedule', 'list', ...place]);
      expect(list.stderr).toMatch(fault);
    },
  );
});
