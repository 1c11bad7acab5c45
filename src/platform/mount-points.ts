import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { errnoOf } from '../errors.js';

/** What is mounted on directories and files, as Linux tells it; elsewhere nothing is known. */

/** The paths below a directory that something is mounted on, also another part of the same disk. */
export function mountsBelow(directory: string): string[] {
  return readMounts().filter((path) => path.startsWith(directory + sep));
}

function readMounts(): string[] {
  if (process.platform !== 'linux') return [];

  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ', 5)[4] ?? '')
      .map(unescape);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return []; // no /proc here
  }
}

/** Spaces, tabs, line ends and backslashes are written as octal numbers: `\\040`. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
}
