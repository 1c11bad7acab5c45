import { join } from 'node:path';
import { isJsonObject, ownFileError, readOwnJson, replaceOwnFile } from '../platform/own-file.js';

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
 * Reads the record; empty where there is none or nobody can tell what it said, and without the entries that say nothing.
 * @throws {FailedError} when it cannot be read: that is no proof that nothing was proven
 */
export function readVerifiedRecord(directory: string): VerifiedRecord {
  const path = join(directory, FILE);
  const file = readOwnJson(path, parseRecord);

  if (file.state === 'sound') return file.value;
  if (file.state === 'unreadable') throw ownFileError(path, 'the record of verified archives', file);
  return new Map();
}

function parseRecord(json: unknown): VerifiedRecord | undefined {
  if (!isJsonObject(json) || !isJsonObject(json['archives'])) return undefined;

  const entries = Object.entries(json['archives']);
  return new Map(entries.filter((entry): entry is [string, VerifiedEntry] => isVerifiedEntry(entry[1])));
}

function isVerifiedEntry(json: unknown): boolean {
  if (!isJsonObject(json)) return false;
  const { at, isSound, sizeBytes } = json;

  return (
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    typeof isSound === 'boolean' &&
    typeof sizeBytes === 'number'
  );
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
  replaceOwnFile(join(directory, FILE), text);
}
