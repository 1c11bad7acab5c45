import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandOf } from '../../src/schedule/installed-command.js';
import { renderJob } from '../../src/schedule/install.js';
import { splitPriority } from '../../src/schedule/low-priority.js';
import { planJob, type SchedulerKind } from '../../src/schedule/job.js';

const task = {
  type: 'full' as const,
  day: 7,
  timeSeconds: 3600,
  description: '',
  isEnabled: true,
  guid: '',
};
const KINDS: readonly SchedulerKind[] = [
  'cron',
  'systemd',
  'launchd',
  'schtasks',
];

/** The text of the file that names the program. */
function textOf(kind: SchedulerKind, command: readonly string[]): string {
  return (
    renderJob(kind, planJob([task], { name: 'x', command, serverDir: '/x' }))[0]
      ?.content ?? ''
  );
}

/** What a path may hold, quotes and all that the schedulers give a meaning to. */
const word = fc.string({
  unit: fc.constantFrom(
    'a',
    '/',
    ' ',
    '%',
    '$',
    '"',
    "'",
    '\\',
    '&',
    '<',
    ';',
    '#',
    'ü',
    '日',
    '-',
    '=',
  ),
  maxLength: 12,
});

describe("an entry's command", () => {
  it.each(KINDS)('is read back from its text as it was written: %s', (kind) => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        const command = ['/opt/kms-backup', ...words, 'schedule', 'run'];
        const read = commandOf(kind, textOf(kind, command));
        expect(splitPriority(read).command).toEqual(command);
      }),
    );
  });

  it('is read from a line that somebody wrote by hand, and is empty where there is none', () => {
    expect(
      commandOf(
        'cron',
        '# BEGIN x\n30 1 * * *  "/a b"/c schedule run\n# END x\n',
      ),
    ).toEqual(['/a b/c', 'schedule', 'run']);
    for (const kind of KINDS) {
      expect(commandOf(kind, '# nothing\n')).toEqual([]);
    }
  });
});
