import { groupByTime, type SchedulerFile, type SchedulerJob } from './job.js';
import { escapeXml } from './render-unix.js';
import { DAY_NAMES, formatTime } from './week.js';

/**
 * A task for the Windows Task Scheduler (schema 1.2), as `schtasks /Create /XML` takes it: UTF-16 with a byte order mark.
 * StartWhenAvailable catches up what a switched-off machine missed. It runs as SYSTEM, as the mail server does.
 */
export function renderSchtasks(job: SchedulerJob): SchedulerFile {
  const triggers = groupByTime(job.times).flatMap(({ timeSeconds, days }) => [
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
  const [program = '', ...args] = job.command;
  const lines = [
    '<?xml version="1.0" encoding="UTF-16"?>',
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    '  <RegistrationInfo>',
    `    <Description>Backup of the mail server in ${escapeXml(job.serverDir)}</Description>`,
    '  </RegistrationInfo>',
    '  <Triggers>',
    ...triggers,
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
    '    <Enabled>true</Enabled>',
    '  </Settings>',
    '  <Actions Context="Author">',
    '    <Exec>',
    `      <Command>${escapeXml(program)}</Command>`,
    `      <Arguments>${escapeXml(args.map(quoteForWindows).join(' '))}</Arguments>`,
    '    </Exec>',
    '  </Actions>',
    '</Task>',
    '',
  ];
  return { name: `${job.name}.xml`, encoding: 'utf16le', content: lines.join('\r\n') };
}

/**
 * One word of a Windows command line, as CommandLineToArgvW takes it apart: backslashes count only before a quote.
 * Example: `E:\backup 2\` is `"E:\backup 2\\"`.
 */
export function quoteForWindows(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}
