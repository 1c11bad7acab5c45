import { FailedError, UsageError } from '../errors.js';
import { type ProgramResult, runProgram } from '../platform/run-program.js';
import type { InstallReport } from './job.js';
import { crontabMarks } from './render-unix.js';

/** Puts our block into the user's crontab, or in the place of the one of that name; every other line stays. */
export function writeCrontabBlock(block: string, name: string): InstallReport {
  const before = readCrontab();
  if (block.includes('%') && isBusyBox()) throw percentError();
  return replaceCrontab(before, withBlock(before, block, name));
}

/** Takes our block out of the user's crontab; a crontab that is empty then is removed. */
export function removeCrontabBlock(name: string): InstallReport {
  const before = readCrontab();
  return replaceCrontab(before, withBlock(before, '', name));
}

/** Our block of that name in the user's crontab; undefined where it holds none, and on a system without cron. */
export function readCrontabBlock(name: string): string | undefined {
  const listing = runProgram('crontab', ['-l']);
  return listing?.exitCode === 0
    ? findBlock(listing.stdout, name)?.text
    : undefined;
}

/**
 * The crontab with the block in the place of the former one, else at the end. Pure.
 * @throws {FailedError} when a block begins and does not end: nobody could tell what is ours
 */
export function withBlock(
  crontab: string,
  block: string,
  name: string,
): string {
  const found = findBlock(crontab, name);
  if (found) {
    return (
      crontab.slice(0, found.start) +
      block +
      crontab.slice(found.start + found.text.length)
    );
  }

  const gap =
    block === '' || crontab === '' || crontab.endsWith('\n') ? '' : '\n';

  return crontab + gap + block;
}

function findBlock(
  crontab: string,
  name: string,
): { start: number; text: string } | undefined {
  const { begin, end } = crontabMarks(name);
  const start = `\n${crontab}`.indexOf(`\n${begin}\n`);
  if (start === -1) return undefined;

  const endAt = crontab.indexOf(`\n${end}\n`, start);
  if (endAt === -1) {
    throw new FailedError(
      `the crontab holds "${begin}" without "${end}"; nothing was changed`,
      {
        hints: ['Mend it with crontab -e.'],
      },
    );
  }

  return { start, text: crontab.slice(start, endAt + end.length + 2) };
}

function readCrontab(): string {
  const { exitCode, stdout, stderr } = crontab(['-l']);
  if (exitCode === 0) return stdout;
  // BusyBox names the file that a user without a crontab lacks.
  if (/no crontab for|can't open '[^'/]+': No such file/i.test(stderr)) {
    return '';
  }

  const hasNoSpool = /can't change directory to/i.test(stderr);

  throw new FailedError(`cannot read the crontab: ${stderr.trim()}`, {
    hints: hasNoSpool
      ? [
          'Make the directory that BusyBox keeps crontabs in, or name --to systemd.',
        ]
      : [],
  });
}

function isBusyBox(): boolean {
  const help = runProgram('crontab', ['--help']);
  return /BusyBox/.test(`${help?.stdout ?? ''}${help?.stderr ?? ''}`);
}

/** crond takes `%` for a line end unless a backslash is before it; BusyBox's leaves both to the shell. */
function percentError(): UsageError {
  return new UsageError(
    "a path holds a percent sign, which BusyBox's cron takes otherwise than others",
    {
      hints: [
        'Use paths without one.',
        'Or write the lines yourself, without the backslashes of schedule export --to cron.',
      ],
    },
  );
}

function replaceCrontab(before: string, after: string): InstallReport {
  const report = { kind: 'cron' as const, places: ['crontab'], notes: [] };
  if (before === after) return { ...report, isChanged: false };

  const { exitCode, stderr } =
    after === '' ? crontab(['-r']) : crontab(['-'], after);
  if (exitCode !== 0) {
    throw new FailedError(
      `cannot write the crontab: ${stderr.trim()}; it is unchanged`,
    );
  }

  return { ...report, isChanged: true };
}

function crontab(args: readonly string[], input?: string): ProgramResult {
  const result = runProgram('crontab', args, { input });
  if (result) return result;

  throw new UsageError('this system has no crontab command', {
    hints: [
      'Use --to systemd, launchd or schtasks.',
      'Print the lines with schedule export --to cron.',
    ],
  });
}
