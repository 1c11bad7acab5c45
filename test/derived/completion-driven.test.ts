import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  hasTerminal,
  type Steps,
  typeIntoProgram,
} from '../helpers/terminal.js';
import { hasTool } from '../helpers/tools.js';

const completion = fileURLToPath(new URL('../../completion', import.meta.url));

/** What is typed before Tab, and what stands there after it. */
const LINES: readonly (readonly [string, string])[] = [
  ['kms-backup sched', 'schedule'],
  ['kms-backup backup f', 'full'],
  ['kms-backup log enable st', 'store-backup'],
  ['kms-backup backup full --vol', '--volume-size'],
  ['kms-backup backup full --no-veri', '--no-verify'],
  ['kms-backup backup full --oversize sp', 'split'],
  ['kms-backup backup full --backup-dir arch', 'archives of the server'],
  ['kms-backup completion z', 'zsh'],
  ['kmsrecover --addi', '--additive'],
  ['kmsrecover arch', 'archives of the server'],
];

let dir = '';
beforeAll(() => {
  dir = temporaryDirectory('completion');
  mkdirSync(join(dir, 'archives of the server'));
});
afterAll(() => {
  removeTemporary(dir);
});

/** Types each line and Tab into an interactive shell; fails where what is to come does not. */
function complete(shell: readonly string[], prepare: string): string {
  const steps: [string, string][] = [
    ['READY> ', `${prepare}; echo lo""aded\r`],
    ['loaded', `${LINES[0]?.[0] ?? ''}\t`],
  ];
  for (const [at, [, completed]] of LINES.entries()) {
    const next = LINES[at + 1]?.[0];
    steps.push([
      completed,
      next === undefined ? '\x15exit\r' : `\x15${next}\t`,
    ]);
  }

  const place = {
    cwd: dir,
    env: { PS1: 'READY> ', HOME: dir, INPUTRC: '/dev/null' },
  };
  return typeIntoProgram(shell, unescaped(steps), place).screen;
}

/** Shells write a space in a name with a backslash before it. */
const unescaped = (steps: Steps): Steps =>
  steps.map(([wait, type]) => [
    wait.replace('archives of the server', 'archives\\ of\\ the\\ server'),
    type,
  ]);

describe.skipIf(!hasTerminal)(
  'Tab in an interactive shell (needs Python)',
  () => {
    it('completes topics, commands, flags, values and paths in bash', () => {
      const screen = complete(
        ['bash', '--norc', '--noprofile', '-i'],
        `source '${completion}/kms-backup.bash'`,
      );
      expect(screen).toContain('--additive');
    });

    it.skipIf(!hasTool('zsh'))(
      'completes topics, commands, flags, values and paths in zsh (needs zsh)',
      () => {
        const load = `fpath=('${completion}' $fpath); autoload -U compinit; compinit -u -D`;
        expect(complete(['zsh', '-f', '-i'], load)).toContain('--additive');
      },
    );
  },
);
