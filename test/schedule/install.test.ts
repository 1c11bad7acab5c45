import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withBlock } from '../../src/schedule/crontab.js';
import {
  installJob,
  renderJob,
  uninstallJob,
} from '../../src/schedule/install.js';
import { lowPriority, splitPriority } from '../../src/schedule/low-priority.js';
import { renderCrontab } from '../../src/schedule/render-unix.js';
import { planJob, type SchedulerJob } from '../../src/schedule/job.js';
import {
  quoteForShell,
  quoteForWindows,
} from '../../src/platform/quote-words.js';
import { kms, type Ended } from '../helpers/tools.js';
import {
  makeInstallation,
  temporaryDirectory,
} from '../helpers/configured-server.js';

const tasks = [7, 1, 2, 3, 4, 5, 6].map((day) => ({
  type: 'full' as const,
  day,
  timeSeconds: day === 7 ? 86_399 : 3600,
  description: '',
  isEnabled: true,
  guid: '',
}));
const halfPastTwo = {
  type: 'full' as const,
  day: 7,
  timeSeconds: 9000,
  description: '',
  isEnabled: true,
  guid: '',
};
const odd = `/opt/it's 100% "odd" $HOME & <dir>/run.js`;
const job = (
  name = 'kms-backup-test',
  command: readonly string[] = ['/usr/bin/node', odd, 'schedule', 'run'],
): SchedulerJob =>
  planJob(tasks, { name, command, serverDir: '/opt/kerio mail' });
const has = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args).error === undefined;

describe('an entry', () => {
  it('has a time for each task at whole minutes, past midnight on the next day, and one an hour later', () => {
    const times = job().times.map(
      ({ day, timeSeconds }) => `${day} ${timeSeconds}`,
    );
    const others = [2, 3, 4, 5, 6].flatMap((day) => [
      `${day} 3600`,
      `${day} 7200`,
    ]);
    expect(times).toEqual(['1 0', '1 3600', '1 7200', ...others]);
  });

  it('is refused for a schedule without enabled tasks, for odd names and for control characters', () => {
    const base = { name: 'x', command: ['/x'], serverDir: '/x' };
    expect(() => planJob([], base)).toThrow('no enabled task');
    expect(() => planJob(tasks, { ...base, name: 'a b' })).toThrow(
      'not a name',
    );
    expect(() => planJob(tasks, { ...base, command: ['/a\nb'] })).toThrow(
      'control characters',
    );
  });

  it('is quoted so that a shell behind cron gets the words back', () => {
    for (const word of [odd, 'a', "''", '', '\\', '%']) {
      const { stdout } = spawnSync(
        '/bin/sh',
        ['-c', `printf %s ${quoteForShell(word)}`],
        { encoding: 'utf8' },
      );
      expect(stdout).toBe(word);
    }

    const file = renderCrontab(job(), []);
    expect(file.content).toContain('0 1 * * 1,2,3,4,5,6 /usr/bin/node');
    expect(file.content).toContain('0 0 * * 1 /usr/bin/node');
    expect(file.content).toContain('100\\%');
  });

  it('gives way to the mail server, by absolute paths in the crontab', (context) => {
    expect(renderJob('launchd', job())[0]?.content).toMatch(
      /<key>Nice<\/key>\s*<integer>10<\/integer>\s*<key>LowPriorityIO<\/key>\s*<true\/>/,
    );
    expect(renderJob('schtasks', job())[0]?.content).toContain(
      '<Priority>7</Priority>',
    );
    expect(renderJob('systemd', job())[0]?.content).toContain('Nice=10\n');
    if (!has('nice', 'true')) context.skip('no nice here');
    const [file] = renderJob('cron', job());
    expect(file?.content).toMatch(
      /^0 0 \* \* 1 (\/usr)?\/bin\/nice -n 10 ((\/usr)?\/bin\/ionice -c 3 )?\/usr\/bin\/node /m,
    );
    expect(file?.content).toMatch(/^@reboot \S+\/nice -n 10 /m);
    const priority = lowPriority().map(quoteForShell).join(' ');
    const { stdout } = spawnSync('/bin/sh', ['-c', `${priority} nice`], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin' },
    });
    const { stdout: own } = spawnSync('nice', { encoding: 'utf8' });
    expect(Number(stdout)).toBe(Math.min(19, Number(own) + 10));
  });

  it.each([
    ['/bin/nice -n 10 /bin/ionice -c 3', '/x schedule run'],
    ['/usr/bin/nice -n 10', '/x schedule run'],
    ['/usr/bin/ionice -c 3', '/x schedule run'],
    ['', '/x schedule run'],
    ['', '/opt/nice -n 5 /x schedule run'],
  ])('is told from the words before it: %s', (before, command) => {
    const words = `${before} ${command}`.trim().split(' ');
    const split = splitPriority(words);
    expect(split.priority.join(' ')).toBe(before);
    expect(split.command.join(' ')).toBe(command);
  });

  it.each([
    ['E:\\backup 2', '"E:\\backup 2"'],
    ['E:\\backup 2\\', '"E:\\backup 2\\\\"'],
    ['say "x\\"', '"say \\"x\\\\\\""'],
    ['plain', 'plain'],
    ['', '""'],
  ])('is quoted for Windows: %s', (word, quoted) => {
    expect(quoteForWindows(word)).toBe(quoted);
  });

  it('is a task that Windows catches up, as XML that parses', () => {
    const [file] = renderJob('schtasks', job());
    expect(file?.content).toContain(
      '<StartWhenAvailable>true</StartWhenAvailable>',
    );
    expect(file?.content).toContain('<Monday />');
  });

  it('is a task that parses however it was redirected into a file, with every path as it is', (context) => {
    if (!has('python3', '--version')) context.skip('no python3');
    const program = 'C:\\Müller & Söhne\\日本 100%\\kms-backup.exe';
    const [{ content } = { content: '' }] = renderJob(
      'schtasks',
      job('x', [program, 'schedule', 'run', 'E:\\b 2\\']),
    );
    const python =
      'import sys,xml.etree.ElementTree as e; r=e.fromstring(sys.stdin.buffer.read()); ' +
      'print(ascii([x.text for x in r.iter() if x.tag.endswith(("Command","Arguments"))]))';
    for (const bytes of [
      Buffer.from(content, 'latin1'),
      Buffer.from(`\uFEFF${content}`, 'utf16le'),
    ]) {
      const { stdout, status } = spawnSync('python3', ['-c', python], {
        input: bytes,
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      expect(stdout).toContain('M\\xfcller & S\\xf6hne\\\\\\u65e5\\u672c 100%');
      expect(stdout).toContain('schedule run "E:\\\\b 2\\\\\\\\"');
    }
  });

  it('is a property list that launchd can read', (context) => {
    if (!has('python3', '--version')) context.skip('no python3');
    const [file] = renderJob('launchd', job());
    const python =
      'import sys,plistlib,json; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
    const { stdout } = spawnSync('python3', ['-c', python], {
      input: file?.content ?? '',
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toMatchObject({
      Label: 'local.kms-backup-test',
      ProgramArguments: ['/usr/bin/node', odd, 'schedule', 'run'],
      RunAtLoad: true,
    });
  });
});

describe('systemd', () => {
  const calls = (base: string, zone: string): number[] => {
    const timer = renderJob(
      'systemd',
      planJob([halfPastTwo], { name: 'x', command: ['/x'], serverDir: '/x' }),
    )[1]?.content;
    return [...(timer ?? '').matchAll(/^OnCalendar=(.*)$/gm)].flatMap(
      ([, spec = '']) => {
        const words = [
          'calendar',
          `--base-time=${base}`,
          '--iterations=2',
          spec,
        ];
        const { stdout } = spawnSync('systemd-analyze', words, {
          encoding: 'utf8',
          env: { ...process.env, TZ: zone },
        });
        return [...stdout.matchAll(/\(in UTC\): \w+ (\S+ \S+) UTC/g)].map(
          ([, at = '']) => Date.parse(`${at}Z`),
        );
      },
    );
  };

  it.each([
    ['Europe/Prague', '2026-03-28 12:00:00', '2026-03-29T01:30:00Z'],
    ['America/New_York', '2026-03-07 12:00:00', '2026-03-08T07:30:00Z'],
    ['Australia/Sydney', '2026-10-03 12:00:00', '2026-10-03T16:30:00Z'],
  ])(
    'calls soon after the task is due also where a clock change skips its time: %s',
    (zone, base, due) => {
      if (!has('systemd-analyze', '--version')) return;
      const late = calls(base, zone).map((at) => at - Date.parse(due));
      expect(late.some((ms) => ms >= 0 && ms <= 3_600_000)).toBe(true);
    },
  );

  it('accepts the units, with odd paths quoted right', (context) => {
    if (!has('systemd-analyze', '--version')) {
      context.skip('no systemd-analyze here');
      return;
    }

    const folder = join(temporaryDirectory(), 'units');
    mkdirSync(folder);
    const dir = temporaryDirectory();
    const program = join(dir, 'it is 100% "odd" $HOME');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    const report = installJob(
      'systemd',
      job('kms-backup-test', ['/bin/sh', program, 'schedule', 'run']),
      folder,
    );
    expect(report.isChanged).toBe(true);
    const result = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', ...report.places],
      { encoding: 'utf8' },
    );
    expect(result.stderr).not.toContain('kms-backup-test');
    expect(result.status).toBe(0);
    expect(readFileSync(report.places[1] ?? '', 'utf8')).toContain(
      'OnCalendar=Mon,Tue,Wed,Thu,Fri,Sat *-*-* 01:00:00\n',
    );
    expect(readFileSync(report.places[0] ?? '', 'utf8')).toContain(
      '100%% \\"odd\\" $$HOME"',
    );
    expect(
      installJob(
        'systemd',
        job('kms-backup-test', ['/bin/sh', program, 'schedule', 'run']),
        folder,
      ).isChanged,
    ).toBe(false);
    expect(
      uninstallJob('systemd', 'kms-backup-test', folder).places,
    ).toHaveLength(2);
    const quoted = join(dir, `it's "odd" $HOME`);
    writeFileSync(quoted, '#!/bin/sh\n', { mode: 0o755 });
    const { places } = installJob(
      'systemd',
      job('kms-backup-test', [quoted, 'schedule', 'run']),
      folder,
    );
    expect(
      spawnSync('systemd-analyze', ['verify', '--man=no', ...places]).status,
    ).toBe(0);
    uninstallJob('systemd', 'kms-backup-test', folder);
    expect(uninstallJob('systemd', 'kms-backup-test', folder).isChanged).toBe(
      false,
    );
  });
});

describe('the crontab', () => {
  it('gets its block at the end or in the place of the former one, and loses it without a trace', () => {
    const foreign = 'MAILTO=root\n0 5 * * * /usr/bin/true';
    const block = (command: string): string =>
      renderJob('cron', job('kms-backup', [command]))[0]?.content ?? '';
    const first = withBlock(foreign, block('/a'), 'kms-backup');
    expect(first).toBe(`${foreign}\n${block('/a')}`);
    const both = withBlock(
      first,
      block('/other').replaceAll('kms-backup', 'second'),
      'second',
    );
    const second = withBlock(both, block('/b'), 'kms-backup');
    expect(second).toBe(both.replaceAll(' /a', ' /b'));
    expect(
      withBlock(
        withBlock(`${foreign}\n`, block('/a'), 'kms-backup'),
        '',
        'kms-backup',
      ),
    ).toBe(`${foreign}\n`);
    expect(() =>
      withBlock(first.replace('# END', '# end'), '', 'kms-backup'),
    ).toThrow('without "# END');
  });

  it('is written and restored with the real crontab command', (context) => {
    if (!has('crontab', '-l')) {
      context.skip('no crontab here');
      return;
    }

    const list = (): string | undefined => {
      const { status, stdout } = spawnSync('crontab', ['-l'], {
        encoding: 'utf8',
      });
      return status === 0 ? stdout : undefined;
    };

    const before = list();
    onTestFinished(() => {
      spawnSync('crontab', before === undefined ? ['-r'] : ['-'], {
        input: before ?? '',
      });
    });
    expect(installJob('cron', job()).isChanged).toBe(true);
    expect(list()).toBe(
      `${before ?? ''}${renderJob('cron', job())[0]?.content ?? ''}`,
    );
    expect(installJob('cron', job()).isChanged).toBe(false);
    expect(uninstallJob('cron', 'kms-backup-test').isChanged).toBe(true);
    expect(list()).toBe(before);
  });

  it('and the switch of the Backup tab tell doctor who backs up', (context) => {
    if (!has('crontab', '-l')) {
      context.skip('no crontab here');
      return;
    }

    const { dir } = makeInstallation();
    const run = (...words: string[]): Ended =>
      kms([...words, '--server-dir', dir]);
    const named = ['--name', 'kms-backup-test-doctor'];
    onTestFinished(
      () => void kms(['schedule', 'uninstall', '--to', 'cron', ...named]),
    );
    const scheduler = (): string =>
      /^(\w+ +scheduler .*)$/m.exec(run('doctor', ...named).stdout)?.[1] ?? '';
    expect(scheduler()).toMatch(/^ok .*no entry of ours/);
    const both = run('schedule', 'install', '--to', 'cron', ...named);
    expect([both.status, both.stderr]).toEqual([
      0,
      expect.stringContaining('both work through the schedule'),
    ]);
    expect(scheduler()).toMatch(/^warning .*both work through the schedule/);
    run('config', 'set', 'enabled=false');
    expect(scheduler()).toMatch(/^problem .*nobody backs up/);
    const right = run(
      'schedule',
      'install',
      '--to',
      'cron',
      '--even-if-disabled',
      ...named,
    );
    expect([right.status, right.stderr]).toEqual([0, '']);
    expect(scheduler()).toMatch(
      /^ok .*the cron entry works through the schedule/,
    );
    run('schedule', 'edit', '1', '--time', '13:00');
    expect(scheduler()).toMatch(/^warning .*not what the schedule asks for/);
    run('schedule', 'uninstall', '--to', 'cron', ...named);
    expect(scheduler()).toMatch(/^warning .*no entry of ours/);

    // One that does the tasks of kms-backup.ini alone backs nobody up.
    writeFileSync(join(dir, 'kms-backup.ini'), '[tasks]\nverify = sat 05:00\n');
    expect(scheduler()).toMatch(/^warning .*asks for verify, and there is no/);
    const words = ['schedule', 'install', '--to', 'cron', '--tasks-only'];
    expect(run(...words, ...named)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('nobody backs up') as string,
    });
    expect(scheduler()).toMatch(/^problem .*nobody backs up/);
    run('config', 'set', 'enabled=true');
    expect(scheduler()).toMatch(
      /^ok .*entry works through \[tasks\], and the server through its schedule/,
    );
  });

  it('has no directory to put files in, and the Task Scheduler neither', () => {
    for (const kind of ['cron', 'schtasks'] as const) {
      expect(() => installJob(kind, job(), '/tmp')).toThrow(
        '--directory is for systemd and launchd',
      );
      expect(() => uninstallJob(kind, 'kms-backup', '/tmp')).toThrow(
        '--directory',
      );
    }
  });
});
