import { isatty } from 'node:tty';

const [STDIN, STDERR] = [0, 2];

/**
 * Says whether a person sees what this process says, and types what it reads. Windows gives also a task of its scheduler a
 * console of its own, so that nobody can tell there.
 */
export function isAtTerminal(): boolean {
  return process.platform !== 'win32' && isatty(STDIN) && isatty(STDERR);
}
