import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { errnoOf } from '../errors.js';

/** What is mounted on directories and files, as Linux tells it; elsewhere nothing is known. */

interface Mount {
  readonly path: string;
  /** `ext4` */
  readonly type: string;
  /** `/dev/sdb1`, `nas:/backup` */
  readonly source: string;
}

/** The paths below a directory that something is mounted on, also another part of the same disk. */
export function mountsBelow(directory: string): string[] {
  return readMounts()
    .map(({ path }) => path)
    .filter((path) => path.startsWith(directory + sep));
}

/** What a directory lies on, in words: `/dev/sdb1 (ext4) on /mnt/backup`. @param path absolute, its links followed */
export function describeMount(path: string): string | undefined {
  const mount = readMounts()
    .filter(({ path: point }) => isAtOrBelow(path, point))
    .reduce<Mount | undefined>(
      (best, one) => (best && best.path.length > one.path.length ? best : one),
      undefined,
    );

  return mount && `${mount.source} (${mount.type}) on ${mount.path}`;
}

function isAtOrBelow(path: string, point: string): boolean {
  const above = point.endsWith(sep) ? point : point + sep;

  return path === point || path.startsWith(above);
}

function readMounts(): Mount[] {
  if (process.platform !== 'linux') return [];

  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .flatMap((line) => parseMount(line) ?? []);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return []; // no /proc here
  }
}

/** A line has its fields before and after a lone hyphen: `36 35 98:0 / /mnt rw - ext4 /dev/sdb1 rw`. */
function parseMount(line: string): Mount | undefined {
  const [before = '', after = ''] = line.split(' - ', 2);
  const path = before.split(' ')[4];
  const [type = '', source = ''] = after.split(' ');

  return path === undefined
    ? undefined
    : { path: unescape(path), type, source: unescape(source) };
}

/** Spaces, tabs, line ends and backslashes are written as octal numbers: `\\040`. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
}
