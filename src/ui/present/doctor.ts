import { ExitCode } from '../../errors.js';
import type { Examination } from '../../jobs/examine-server.js';
import { document } from '../document.js';
import { padToWidth } from '../terminal-text.js';
import { paint, type Tone } from '../tones.js';

/** Wrong configuration is wrong usage; any other problem would make a backup or a recovery fail. */
export function doctorExitCode(examination: Examination): ExitCode {
  if (!examination.isConfigured) return ExitCode.usage;

  return countProblems(examination) > 0 ? ExitCode.failed : ExitCode.done;
}

/** Formats the checks as a document. */
export function documentDoctor(examination: Examination): object {
  return document('doctor', {
    checks: examination.checks,
    problems: countProblems(examination),
  });
}

export function formatDoctor({ checks }: Examination): string {
  return formatChecks(checks);
}

const TONES: Readonly<Record<string, Tone>> = {
  ok: 'fine',
  warning: 'warning',
  problem: 'damage',
};

/** A line for each thing that was looked at, and below it what to do. */
export function formatChecks(checks: Examination['checks']): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const indent = ' '.repeat('problem  '.length + width);

  return checks
    .flatMap(({ name, state, fact, advice }) => {
      const painted = paint(TONES[state], state);
      const verdict = padToWidth(painted, 7);
      const line = `${verdict}  ${name.padEnd(width)}  ${fact}`;

      return advice === undefined ? [line] : [line, `${indent}  * ${advice}`];
    })
    .join('\n');
}

function countProblems({ checks }: Examination): number {
  return checks.filter(({ state }) => state === 'problem').length;
}
