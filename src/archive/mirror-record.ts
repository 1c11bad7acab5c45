/**
 * What the second place of a storage's archives has, as the last copy found it: `.kms-backup-mirror.json` beside them. It
 * may be lost at any time: nothing is copied or removed on the strength of it.
 */
import { isJsonObject, ownFileFault } from '../platform/own-file.js';
import { archiveName, parseVolumeName } from './names.js';
import type { Storage } from './storage.js';

export interface MirrorRecord {
  /** The place, as messages name it. */
  readonly to: string;
  readonly at: Date;
  /** The proven ones. */
  readonly archives: readonly string[];
}

const FILE = '.kms-backup-mirror.json';
const SCHEMA = 'kms-backup/mirror/1';

export async function writeMirrorRecord(
  storage: Storage,
  { to, at, archives }: MirrorRecord,
): Promise<void> {
  const json = {
    schema: SCHEMA,
    to,
    at: at.toISOString(),
    archives,
  };

  await storage.replaceRecord(FILE, `${JSON.stringify(json, undefined, 2)}\n`);
}

/** Undefined where there is none, or where it cannot be understood. */
export async function readMirrorRecord(
  storage: Storage,
): Promise<MirrorRecord | undefined> {
  const file = await storage.readRecord(FILE, parseRecord);

  return file.state === 'sound' ? file.value : undefined;
}

/** Why nobody can tell what the second place has; undefined where the record is sound or not there. */
export async function mirrorRecordFault(
  storage: Storage,
): Promise<string | undefined> {
  const file = await storage.readRecord(FILE, parseRecord);
  const label = 'the record of the second place';

  return ownFileFault(storage.pathOf(FILE), label, file);
}

function parseRecord(json: unknown): MirrorRecord | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { to, at, archives } = json;
  if (typeof to !== 'string' || typeof at !== 'string') return undefined;
  if (!Array.isArray(archives) || !archives.every(isArchive)) return undefined;
  if (Number.isNaN(Date.parse(at))) return undefined;

  return {
    to,
    at: new Date(at),
    archives,
  };
}

function isArchive(json: unknown): json is string {
  if (typeof json !== 'string') return false;

  const stem = parseVolumeName(json)?.stem;

  return stem !== undefined && archiveName(stem) === json;
}
