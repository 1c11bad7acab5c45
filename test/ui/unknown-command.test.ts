import { describe, expect, it } from 'vitest';
import { OTHER_WORDS } from '../../src/ui/other-words.js';
import { unknownCommand } from '../../src/ui/unknown-command.js';
import { COMMAND_IDS } from '../helpers/planted-server.js';
import { kms } from '../helpers/tools.js';

describe('a command that there is not', () => {
  it.each([
    ['bakup full', 'backup full'],
    ['backup ful', 'backup full'],
    ['recov /mnt/backup', 'recover'],
    ['verfy /mnt/backup --quick', 'verify'],
    ['list archives', 'list-archives'],
    ['log enable store', 'log enable store-backup'],
    ['schedule ad', 'schedule add'],
    ['restore /mnt/backup', 'recover'],
    ['snapshots', 'list-archives'],
    ['prune --dry-run', 'rotate'],
    ['backup incremental', 'backup diff'],
  ])('%s: did you mean %s?', (typed, meant) => {
    const { hints, exitCode } = unknownCommand(typed.split(' '), COMMAND_IDS);
    expect([hints[0], exitCode]).toEqual([
      `Did you mean kms-backup ${meant}?`,
      2,
    ]);
  });

  it('each word of other programs leads to a command that there is', () => {
    for (const [word, command] of Object.entries(OTHER_WORDS)) {
      const id = command.replace(/ --.*/, '').replaceAll(' ', ':');
      expect(COMMAND_IDS, word).toContain(id);
      expect(COMMAND_IDS, word).not.toContain(word.replaceAll(' ', ':'));
    }
  });

  it('is named as it was typed, and what is like nothing gets no guess', () => {
    const { message, hints } = unknownCommand(['xyzzy', 'now'], COMMAND_IDS);
    expect([message, hints]).toEqual([
      'no such command: xyzzy now',
      ['See kms-backup --help for all commands.'],
    ]);
  });

  it('ends with 2, and help COMMAND is its --help', () => {
    const { status, stderr } = kms(['bakup', 'full']);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^Error: no such command: bakup full\nCode: USAGE\n/,
      ),
    ]);
    expect(kms(['help', 'backup', 'full']).stdout).toBe(
      kms(['backup', 'full', '--help']).stdout,
    );
  });
});
