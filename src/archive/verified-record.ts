import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, FailedError, messageOf } from '../errors.js';
import { replaceFile } from '../platform/atomic-file.js';

/**
 * When each archive of a backup directory was last proven, in `.kms-backup-verified.json` beside them. It may be lost at
 * any time: archives count as not verified then, and `verify` writes it anew.
 */
export interface VerifiedEntry {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly isSound: boolean;
  /** The size of all volumes: an archive that was replaced is not the one that was proven. */
  readonly sizeBytes: number;
}

export type VerifiedRecord = ReadonlyMap<string, VerifiedEntry>;

const FILE = '.kms-backup-verified.json';

/**
 * Reads the record; empty where there is none or it is damaged.
 * @throws {FailedError} when it cannot be read: that is no proof that nothing was proven
 */
export function readVerifiedRecord(directory: string): VerifiedRecord {
  const path = join(directory, FILE);
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const archives = parsed && typeof parsed === 'object' && 'archives' in parsed ? parsed.archives : {};
    return new Map(Object.entries(archives as Record<string, VerifiedEntry>));
  } catch (error) {
    if (error instanceof SyntaxError || ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return new Map();
    if (errnoOf(error) === undefined) throw error;
    throw new FailedError(`cannot read ${path}: ${messageOf(error)}`, {
      hints: ['Run it as the user that makes the backups, or as root.'],
      cause: error,
    });
  }
}

/** Adds what was proven, and forgets archives that are gone. Call it while the directory's lock is held. */
export function recordVerified(
  directory: string,
  proven: ReadonlyMap<string, VerifiedEntry>,
  presentStems: ReadonlySet<string>,
): void {
  const merged = [...readVerifiedRecord(directory), ...proven].filter(([stem]) => presentStems.has(stem));
  const archives = Object.fromEntries(merged.sort(([a], [b]) => (a.slice(1) < b.slice(1) ? -1 : 1)));
  const text = `${JSON.stringify({ schema: 'kms-backup/verified/1', archives }, undefined, 2)}\n`;
  replaceFile(join(directory, FILE), Buffer.from(text));
}
