import type { WeeklyTime } from './cron.js';
import { quoteForShell, quoteForSystemd } from '../platform/quote-words.js';
import { escapeXml } from '../platform/xml-text.js';
import { groupByTime, type SchedulerFile, type SchedulerJob } from './job.js';
import { lowPriority } from './low-priority.js';
import { DAY_NAMES, formatTime } from './week.js';

/** The first and last line of our block in a crontab. */
export function crontabMarks(name: string): { begin: string; end: string } {
  return {
    begin: `# BEGIN ${name} (written by kms-backup schedule install)`,
    end: `# END ${name}`,
  };
}

/**
 * The block for a user's crontab (crontab(5)): one line for each time of day, and one that catches up after a restart.
 * cron takes `%` for a line end unless a backslash is before it, also inside quotes.
 * @param priority the words before the command that give way to the mail server
 */
export function renderCrontab(
  job: SchedulerJob,
  priority: readonly string[] = lowPriority(),
): SchedulerFile {
  const { begin, end } = crontabMarks(job.name);
  const command = [...priority, ...job.command]
    .map(quoteForShell)
    .join(' ')
    .replaceAll('%', '\\%');

  const lines = groupByTime(job.times).map(({ timeSeconds, days }) => {
    const weekdays =
      days.length === 7 ? '*' : days.map((day) => String(day % 7)).join(',');
    return `${Math.floor(timeSeconds / 60) % 60} ${Math.floor(timeSeconds / 3600)} * * ${weekdays} ${command}`;
  });

  return {
    name: 'crontab',
    content: [begin, ...lines, `@reboot ${command}`, end, ''].join('\n'),
  };
}

/** A systemd service and its timer (systemd.timer(5)); Persistent catches up what a switched-off machine missed. */
export function renderSystemd(job: SchedulerJob): SchedulerFile[] {
  const description = `Backup of the mail server in ${job.serverDir.replaceAll('%', '%%')}`;
  const calendar = groupByTime(job.times).map(({ timeSeconds, days }) => {
    const names =
      days.length === 7
        ? ''
        : `${days.map((day) => (DAY_NAMES[day - 1] ?? '').slice(0, 3)).join(',')} `;
    return `OnCalendar=${names}*-*-* ${formatTime(timeSeconds)}:00`;
  });

  const service = [
    '[Unit]',
    `Description=${description}`,
    'After=local-fs.target remote-fs.target network.target',
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=${execLine(job.command)}`,
    'Nice=10',
    'IOSchedulingClass=idle',
    '',
  ];

  const timer = [
    '[Unit]',
    `Description=${description}`,
    '',
    '[Timer]',
    ...calendar,
    'Persistent=true',
    'AccuracySec=1s',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ];

  return [
    { name: `${job.name}.service`, content: service.join('\n') },
    { name: `${job.name}.timer`, content: timer.join('\n') },
  ];
}

/** A launchd property list (launchd.plist(5)); RunAtLoad catches up what a switched-off machine missed. */
export function renderLaunchd(job: SchedulerJob): SchedulerFile {
  const words = job.command.map(
    (word) => `      <string>${escapeXml(word)}</string>`,
  );

  const content = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '  <dict>',
    '    <key>Label</key>',
    `    <string>${launchdLabel(job.name)}</string>`,
    '    <key>ProgramArguments</key>',
    '    <array>',
    ...words,
    '    </array>',
    '    <key>StartCalendarInterval</key>',
    '    <array>',
    ...job.times.map(formatInterval),
    '    </array>',
    '    <key>RunAtLoad</key>',
    '    <true/>',
    '    <key>ProcessType</key>',
    '    <string>Background</string>',
    '    <key>Nice</key>',
    '    <integer>10</integer>',
    '    <key>LowPriorityIO</key>',
    '    <true/>',
    '  </dict>',
    '</plist>',
    '',
  ];

  return {
    name: `${launchdLabel(job.name)}.plist`,
    content: content.join('\n'),
  };
}

/** One moment of StartCalendarInterval; launchd's week begins with Sunday, 0. */
function formatInterval({ day, timeSeconds }: WeeklyTime): string {
  const minutes = Math.floor(timeSeconds / 60);

  const entry = (key: string, value: number): string =>
    `        <key>${key}</key>\n        <integer>${value}</integer>`;

  const entries = [
    entry('Weekday', day % 7),
    entry('Hour', Math.floor(minutes / 60)),
    entry('Minute', minutes % 60),
  ];

  return `      <dict>\n${entries.join('\n')}\n      </dict>`;
}

/** The name under which launchd knows the job. */
export function launchdLabel(name: string): string {
  return `local.${name}`;
}

/** An ExecStart line (systemd.service(5), "Command lines"). systemd takes no program whose path holds quotes: env starts it. */
function execLine(command: readonly string[]): string {
  const isRefused = /["'\\$]/.test(command[0] ?? '');
  return [
    ...(isRefused ? ['/usr/bin/env'] : []),
    ...command.map(quoteForSystemd),
  ].join(' ');
}
