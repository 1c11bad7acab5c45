import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { acquireLock } from '../../src/platform/lock.js';
import {
  runSchedule,
  type ScheduleRunOptions,
} from '../../src/schedule/run.js';
import {
  readScheduleState,
  writeScheduleState,
} from '../../src/schedule/state.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { BINARY, kms } from '../helpers/tools.js';
import { makeInstallation } from '../helpers/configured-server.js';
import { DEFAULT_TASKS } from '../helpers/mailserver-config.js';

const task = (day: number, time: number, type = '1') => [
  ['Format', type] as const,
  ['Date', String(day)] as const,
  ['Time', String(time)] as const,
  ['DateTime', ''] as const,
  ['Description', ''] as const,
  ['Enabled', '1'] as const,
  ['Guid', '0b0f5e0c-0d5c-4c5e-8b1e-0000000000aa'] as const,
];

describe('the schedule', () => {
  it('is listed with its next runs', async () => {
    const { dir } = makeInstallation();
    const text = kms(['schedule', 'list', '--next', '8', '--server-dir', dir], {
      env: { TZ: 'Europe/Prague' },
    });
    expect(text.stdout).toMatch(/^1 +full +Sunday +01:00 +yes +0b0f/m);
    expect(text.stdout).toMatch(/NEXT RUN +TYPE +TASK/);
    const json = JSON.parse(
      (await kmsInProcess(['schedule', 'list', '--json', '--server-dir', dir]))
        .stdout,
    ) as {
      tasks: unknown[];
    };
    expect(json.tasks).toHaveLength(7);
  });

  it('takes tasks, edits and loses them, and is the original file again', async () => {
    const { dir, configPath } = makeInstallation();
    const original = readFileSync(configPath, 'utf8');
    const run = async (...words: string[]): Promise<number | null> =>
      (await kmsInProcess(['schedule', ...words, '--server-dir', dir])).status;
    expect(
      await run(
        'add',
        '--type',
        'full',
        '--day',
        'wed',
        '--time',
        '13:30',
        '--description',
        'a <b> & "c"',
      ),
    ).toBe(0);
    const added = readFileSync(configPath, 'utf8');
    expect(added).toContain(
      '<variable name="Description">a &lt;b&gt; &amp; "c"</variable>',
    );
    expect(added).toMatch(/"Guid">[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]+</);
    expect(
      await run(
        'add',
        '--type',
        'full',
        '--day',
        'wed',
        '--time',
        '13:30',
        '--description',
        'a <b> & "c"',
      ),
    ).toBe(0);
    expect(readFileSync(configPath, 'utf8')).toBe(added);
    expect(await run('edit', '8', '--time', '14:00', '--disabled')).toBe(0);
    expect(await run('edit', '8', '--time', '13:30', '--enabled')).toBe(0);
    expect(readFileSync(configPath, 'utf8')).toBe(added);
    expect(await run('rm', '8')).toBe(0);
    expect(readFileSync(configPath, 'utf8')).toBe(original);
    expect(await run('rm', '0b0f5e0c-0d5c-4c5e-8b1e-000000000003', '1')).toBe(
      0,
    );
    expect(
      (await kmsInProcess(['schedule', 'list', '--server-dir', dir])).stdout,
    ).not.toContain('000000000003');
  });

  it('warns when the last task goes, and is the default after a reset', async () => {
    const { dir } = makeInstallation({ tasks: [DEFAULT_TASKS[0] ?? []] });
    const rm = await kmsInProcess([
      'schedule',
      'rm',
      '--all',
      '--server-dir',
      dir,
    ]);
    expect(rm.stderr).toContain('restores its default at the next start');
    expect(rm.status).toBe(0);
    const reset = await kmsInProcess([
      'schedule',
      'reset',
      '--json',
      '--server-dir',
      dir,
    ]);
    expect(JSON.parse(reset.stdout)).toMatchObject({
      isChanged: true,
      warnings: [],
    });
    expect(
      (await kmsInProcess(['schedule', 'reset', '--server-dir', dir])).stdout,
    ).toBe('Nothing to change.\n');
  });

  it('takes a cron expression for as many tasks as it needs', async () => {
    const { dir } = makeInstallation({ tasks: [] });
    await kmsInProcess([
      'schedule',
      'add',
      '--type',
      'diff',
      '--cron',
      '0 1 * * 1-5',
      '--server-dir',
      dir,
    ]);
    const json = JSON.parse(
      (await kmsInProcess(['schedule', 'list', '--json', '--server-dir', dir]))
        .stdout,
    ) as {
      tasks: { day: string }[];
    };
    expect(json.tasks.map(({ day }) => day)).toEqual([
      'Monday',
      'Tuesday',
      'Wednesday',
      'Thursday',
      'Friday',
    ]);
  });

  it.each([
    [['add', '--type', 'full', '--day', 'mon', '--time', '25:00'], '25:00'],
    [
      ['add', '--type', 'full', '--day', 'moonday', '--time', '1:00'],
      'moonday',
    ],
    [['add', '--type', 'half', '--day', 'mon', '--time', '1:00'], 'half'],
    [['add', '--type', 'full', '--day', 'mon'], '--time'],
    [['add', '--type', 'full', '--cron', '0 1 1 * *'], 'the day of the month'],
    [['edit', '1'], 'nothing to change'],
    [['rm'], 'no task is named'],
  ])(
    'refuses %j with exit code 2 and writes nothing',
    async (words, message) => {
      const { dir, configPath } = makeInstallation();
      const before = readFileSync(configPath);
      const { status, stderr } = await kmsInProcess([
        'schedule',
        ...words,
        '--server-dir',
        dir,
      ]);
      expect(status).toBe(2);
      expect(stderr).toContain(message);
      expect(readFileSync(configPath)).toEqual(before);
    },
  );

  it('is mended where a task says something impossible: removed by its number, or replaced by the default', async () => {
    const broken = [DEFAULT_TASKS[0] ?? [], task(2, 90_000)];
    const { dir, configPath } = makeInstallation({ tasks: broken });
    const before = readFileSync(configPath, 'utf8');
    const list = await kmsInProcess(['schedule', 'list', '--server-dir', dir]);
    expect(list.status).toBe(2);
    expect(list.stderr).toMatch(
      /line \d+: Time is "90000"[\s\S]*schedule rm 2, or take the default/,
    );
    for (const words of [
      ['edit', '2', '--day', 'mon'],
      ['rm', '1'],
      ['add', '--type', 'full', '--cron', '0 3 * * 1'],
    ]) {
      expect(
        await kmsInProcess(['schedule', ...words, '--server-dir', dir]),
      ).toMatchObject({ status: 2, stdout: '' });
    }

    expect(readFileSync(configPath, 'utf8')).toBe(before);
    expect(
      await kmsInProcess(['schedule', 'rm', '2', '--server-dir', dir]),
    ).toMatchObject({ status: 0, stderr: '' });
    expect(
      (await kmsInProcess(['schedule', 'list', '--server-dir', dir])).stdout,
    ).toMatch(/^1 .*\n\n/m);
    const other = makeInstallation({ tasks: broken });
    expect(
      await kmsInProcess(['schedule', 'reset', '--server-dir', other.dir]),
    ).toMatchObject({ status: 0, stderr: '' });
  });

  it('does not know a task that is not there', async () => {
    const { dir } = makeInstallation();
    expect(
      (await kmsInProcess(['schedule', 'rm', '99', '--server-dir', dir]))
        .status,
    ).toBe(10);
  });

  it('is exported for every system, with the paths of this program', async () => {
    const { dir } = makeInstallation();
    for (const to of ['cron', 'systemd', 'launchd', 'schtasks']) {
      const { status, stdout } = await kmsInProcess([
        'schedule',
        'export',
        '--to',
        to,
        '--server-dir',
        dir,
      ]);
      expect(status).toBe(0);
      expect(stdout).toContain('schedule');
      expect(stdout).toContain(dir);
    }
  });
});

describe('schedule run', () => {
  const now = new Date('2026-11-24T12:00:00Z');
  const options = (
    changes: Partial<ScheduleRunOptions> = {},
  ): ScheduleRunOptions => ({
    clock: () => now,
    program: [process.execPath, BINARY],
    backupFlags: ['--json'],
    newestArchiveAt: undefined,
    isEvenIfDisabled: false,
    isDryRun: false,
    ownTasks: [],
    taskFlags: [],
    busyWith: () => undefined,
    ...changes,
  });

  function withMail(
    changes: Parameters<typeof makeInstallation>[0] = {},
  ): ReturnType<typeof makeInstallation> {
    const installation = makeInstallation(changes);
    const messages = join(
      installation.dir,
      'store',
      'mail',
      'example.com',
      'alice',
      'INBOX',
      '#msgs',
    );
    mkdirSync(messages, { recursive: true });
    writeFileSync(join(messages, '00000001.eml'), 'Subject: x\r\n\r\ny\r\n');
    return installation;
  }

  it('backs up once for everything that was missed, then nothing', async () => {
    const installation = withMail();
    const first = await runSchedule(installation, options());
    expect(first).toMatchObject({
      action: 'backed-up',
      exitCode: 0,
      warnings: [],
    });
    expect(first.due?.type).toBe('full');
    expect(
      readdirSync(installation.backupDir).filter((name) =>
        /^F.*zip$/.test(name),
      ),
    ).toHaveLength(1);
    const second = await runSchedule(
      installation,
      options({ clock: () => new Date(now.getTime() + 60_000) }),
    );
    expect(second.action).toBe('nothing-due');
    const state = readScheduleState(installation);
    expect(state).toMatchObject({
      handledUntil: now,
      lastRun: { type: 'full', exitCode: 0 },
    });
  });

  it('takes the newest archive for the last run where it keeps no state yet', async () => {
    const installation = withMail({ tasks: [task(1, 3600)] });
    const newestArchiveAt = new Date('2026-11-23T02:00:00Z');
    expect(
      (await runSchedule(installation, options({ newestArchiveAt }))).action,
    ).toBe('nothing-due');
    const older = new Date('2026-11-23T00:59:00Z');
    const plan = await runSchedule(
      installation,
      options({ newestArchiveAt: older, isDryRun: true }),
    );
    expect(plan).toMatchObject({
      action: 'would-back-up',
      due: { type: 'full' },
    });
    expect(readScheduleState(installation)).toBeUndefined();
  });

  it('does nothing beside another call, and says so', async () => {
    const installation = withMail();
    const path = join(installation.dir, '.kms-backup-schedule.lock');
    const lock = await acquireLock({
      path,
      what: 'x',
      command: 'schedule run',
      clock: systemClock,
    });
    const report = await runSchedule(installation, options());
    lock.release();
    expect(report).toMatchObject({ action: 'busy', exitCode: 0 });
    expect(report.reason).toContain('nothing was done');
  });

  it('does nothing while backup is disabled, unless told to', async () => {
    const installation = withMail({ storeBackup: [['Enabled', '0']] });
    expect((await runSchedule(installation, options())).action).toBe(
      'disabled',
    );
    const forced = await runSchedule(
      installation,
      options({ isEvenIfDisabled: true, isDryRun: true }),
    );
    expect(forced.action).toBe('would-back-up');
  });

  it('tries again what died, three times, and what another run held up', async () => {
    const installation = withMail();
    const dying = options({ program: ['/bin/sh', '-c', 'kill -9 $$'] });
    for (let count = 0; count < 3; count++) {
      expect(await runSchedule(installation, dying)).toMatchObject({
        action: 'backed-up',
        exitCode: 1,
      });
    }

    expect(await runSchedule(installation, dying)).toMatchObject({
      action: 'given-up',
      exitCode: 1,
    });
    expect((await runSchedule(installation, dying)).action).toBe('nothing-due');
    const other = withMail();
    const locked = options({ program: ['/bin/sh', '-c', 'exit 11'] });
    expect(await runSchedule(other, locked)).toMatchObject({
      action: 'backed-up',
      exitCode: 11,
    });
    expect(await runSchedule(other, options())).toMatchObject({
      action: 'backed-up',
      exitCode: 0,
    });
  });

  it('takes a failure for done and hands its exit code on', async () => {
    const installation = withMail();
    const failing = options({ program: ['/bin/sh', '-c', 'exit 14'] });
    expect((await runSchedule(installation, failing)).exitCode).toBe(14);
    expect((await runSchedule(installation, failing)).action).toBe(
      'nothing-due',
    );
  });

  it('begins a damaged state anew with a warning', async () => {
    const installation = withMail();
    writeFileSync(join(installation.dir, 'kms-backup-schedule.json'), '{"half');
    const report = await runSchedule(installation, options());
    expect(report.warnings[0]).toContain('damaged');
    expect(report.action).toBe('backed-up');
  });

  it('asks the backup to stop when it is stopped itself, and leaves the task due', async () => {
    const installation = withMail();
    const controller = new AbortController();
    const slow = options({
      program: ['/bin/sh', '-c', 'exec sleep 30'],
      signal: controller.signal,
    });
    const run = runSchedule(installation, slow);
    await sleep(300);
    controller.abort(new Error('stopped'));
    await expect(run).rejects.toThrow('stopped');
    expect((await runSchedule(installation, options())).action).toBe(
      'backed-up',
    );
  });

  it('works from the command line, with and without --json', async () => {
    const { dir, backupDir } = withMail();
    const run = kms(['schedule', 'run', '--json', '--server-dir', dir]);
    expect(run).toMatchObject({ status: 0 });
    expect(JSON.parse(run.stdout)).toMatchObject({
      schema: 'kms-backup/schedule-run/1',
      action: 'backed-up',
      type: 'full',
    });
    expect(readdirSync(backupDir).some((name) => name.startsWith('F'))).toBe(
      true,
    );
    expect(kms(['schedule', 'run', '--quiet', '--server-dir', dir])).toEqual({
      status: 0,
      signal: null,
      stdout: '',
      stderr: '',
    });
    expect(kms(['schedule', 'run', '--server-dir', dir]).stdout).toContain(
      'nothing fell due',
    );
    const status = await kmsInProcess([
      'status',
      '--max-age',
      '26h',
      '--server-dir',
      dir,
    ]);
    expect(status.stdout).toMatch(/^Full +... \d{4}-/m);
    expect(status.status).toBeLessThan(2);
  });
});

describe('status and doctor', () => {
  it('are a monitoring check with the exit codes 0 to 3', async () => {
    const { dir, backupDir } = makeInstallation();
    expect((await kmsInProcess(['status', '--server-dir', dir])).status).toBe(
      0,
    );
    const critical = await kmsInProcess([
      'status',
      '--max-age',
      '26h',
      '--json',
      '--server-dir',
      dir,
    ]);
    expect(critical.status).toBe(2);
    expect(JSON.parse(critical.stdout)).toMatchObject({
      schema: 'kms-backup/status/1',
      level: 'critical',
    });
    expect(
      (
        await kmsInProcess([
          'status',
          '--max-age',
          '26h',
          '--server-dir',
          '/nonexistent',
        ])
      ).status,
    ).toBe(3);
    expect(
      (await kmsInProcess(['status', '--server-dir', '/nonexistent'])).status,
    ).toBe(10);
    expect(backupDir).toBeTruthy();
  });

  it('know whether schedule run works through the schedule where the server does not', async () => {
    const installation = makeInstallation({ storeBackup: [['Enabled', '0']] });
    const { dir } = installation;
    const status = async (): Promise<{
      warnings: string[];
      nextRun?: object;
    }> =>
      JSON.parse(
        (await kmsInProcess(['status', '--json', '--server-dir', dir])).stdout,
      ) as {
        warnings: string[];
        nextRun?: object;
      };
    expect((await status()).warnings).toContain(
      'backup is disabled in mailserver.cfg',
    );
    expect((await status()).nextRun).toBeUndefined();
    const hour = 3_600_000;
    const handled = (ageMs: number): void => {
      writeScheduleState(installation, {
        handledUntil: new Date(systemClock().getTime() - ageMs),
      });
    };

    handled(hour);
    expect(await status()).toMatchObject({ nextRun: {} });
    expect((await status()).warnings).not.toContainEqual(
      expect.stringMatching(/disabled|was not made/),
    );
    handled(8 * 24 * hour);
    expect((await status()).warnings).toContainEqual(
      expect.stringMatching(
        /^\d backups since .* were not made: nothing calls/,
      ),
    );
    const path = join(dir, '.kms-backup-schedule.lock');
    const lock = await acquireLock({
      path,
      what: 'x',
      command: 'schedule run',
      clock: systemClock,
    });
    expect((await status()).warnings).not.toContainEqual(
      expect.stringMatching(/w(?:as|ere) not made/),
    );
    lock.release();

    const hanging = await acquireLock({
      path,
      what: 'x',
      command: 'schedule run',
      clock: () => new Date(systemClock().getTime() - 7 * 24 * hour),
    });
    expect((await status()).warnings).toContainEqual(
      expect.stringMatching(
        /^\d backups since .* were not made: still at work is schedule run, pid/,
      ),
    );
    hanging.release();
  });

  it.each([
    [
      'postmaster',
      /^warning +notification .*"postmaster", is none: nobody is told\n +\* config set notify=/m,
    ],
    [
      'admin@example.com;',
      /^warning +notification .* go to admin@example\.com alone$/m,
    ],
    ['a@example.com', /^ok +notification +a@example\.com$/m],
  ])('look at the notification address %j', async (address, said) => {
    const { dir } = makeInstallation({
      storeBackup: [['AdminNotify', address]],
    });
    expect(
      (await kmsInProcess(['doctor', '--server-dir', dir])).stdout,
    ).toMatch(said);
  });

  it('say what is wrong and what to do', async () => {
    const sound = makeInstallation();
    writeFileSync(sound.usersConfigPath, '<config></config>');
    const report = await kmsInProcess(['doctor', '--server-dir', sound.dir]);
    expect(report.stdout).toMatch(/^ok +configuration/m);
    expect(report.stdout).toMatch(
      /^problem +archives +there is no archive at all\n +\* Run backup full/m,
    );
    expect(report.status).toBe(1);
    const broken = makeInstallation();
    writeFileSync(broken.configPath, '<config>');
    const wrong = await kmsInProcess([
      'doctor',
      '--json',
      '--server-dir',
      broken.dir,
    ]);
    expect(wrong.status).toBe(2);
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      problems: 1,
      checks: [
        { name: 'configuration', state: 'problem' },
        { name: 'telling', state: 'warning' },
      ],
    });
  });
});
