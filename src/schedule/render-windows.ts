import type { WeeklyTime } from './cron.js';
import { groupByTime, type SchedulerFile, type SchedulerJob } from './job.js';
import { quoteForWindows } from '../platform/quote-words.js';
import { escapeXmlAscii } from '../platform/xml-text.js';
import { DAY_NAMES, formatTime } from './week.js';

/**
 * A task for the Windows Task Scheduler (schema 1.2), as `schtasks /Create /XML` takes it. It is ASCII and names no encoding:
 * a redirection writes it as bytes (cmd.exe) or as UTF-16 (PowerShell), and either is what it says it is.
 * StartWhenAvailable catches up what a switched-off machine missed. It runs as SYSTEM, as the mail server does.
 */
export function renderSchtasks(job: SchedulerJob): SchedulerFile {
  const [program = '', ...args] = job.command;

  const lines = [
    '<?xml version="1.0"?>',
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    '  <RegistrationInfo>',
    `    <Description>Backup of the mail server in ${escapeXmlAscii(job.serverDir)}</Description>`,
    '  </RegistrationInfo>',
    '  <Triggers>',
    ...formatTriggers(job.times),
    '  </Triggers>',
    '  <Principals>',
    '    <Principal id="Author">',
    '      <UserId>S-1-5-18</UserId>',
    '      <RunLevel>HighestAvailable</RunLevel>',
    '    </Principal>',
    '  </Principals>',
    '  <Settings>',
    '    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>',
    '    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>',
    '    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>',
    '    <StartWhenAvailable>true</StartWhenAvailable>',
    '    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>',
    // Below normal, for the processor and the disk.
    '    <Priority>7</Priority>',
    '    <Enabled>true</Enabled>',
    '  </Settings>',
    '  <Actions Context="Author">',
    '    <Exec>',
    `      <Command>${escapeXmlAscii(program)}</Command>`,
    `      <Arguments>${escapeXmlAscii(args.map(quoteForWindows).join(' '))}</Arguments>`,
    '    </Exec>',
    '  </Actions>',
    '</Task>',
    '',
  ];

  return { name: `${job.name}.xml`, content: lines.join('\r\n') };
}

/** One trigger for each time of day, with its days. */
function formatTriggers(times: readonly WeeklyTime[]): string[] {
  return groupByTime(times).flatMap(({ timeSeconds, days }) => [
    '    <CalendarTrigger>',
    // Any date in the past: only the time of day counts.
    `      <StartBoundary>2020-01-01T${formatTime(timeSeconds)}:00</StartBoundary>`,
    '      <Enabled>true</Enabled>',
    '      <ScheduleByWeek>',
    '        <WeeksInterval>1</WeeksInterval>',
    `        <DaysOfWeek>${days.map((day) => `<${DAY_NAMES[day - 1] ?? ''} />`).join('')}</DaysOfWeek>`,
    '      </ScheduleByWeek>',
    '    </CalendarTrigger>',
  ]);
}
