import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { ticksOf } from '../platform/file-times.js';
import { hasMessageName } from '../store/message-file.js';
import type { DirectoryBefore } from './added-list.js';
import { listNames } from './live-folder.js';

/** What tells whether a file or directory is as an additive recover found or left it. */

/** A file's number, size and time; undefined where it is not there. It stays the same when the file gets another name. */
export function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });

  return stats?.isFile()
    ? [stats.ino, stats.size, stats.mtimeNs].join(' ')
    : undefined;
}

/** A directory as it is; undefined where it is not there. */
export function lookAtDirectory(path: string): DirectoryBefore | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats) return undefined;

  const names = listNames(path);

  return {
    kind: 'directory',
    path,
    mtimeTicks: ticksOf(stats).toString(),
    names: digestOf(names),
    messages: digestOf(names.filter(hasMessageName)),
  };
}

function digestOf(names: readonly string[]): string {
  const text = [...names].sort().join('\n');

  return createHash('sha256').update(text).digest('hex');
}
