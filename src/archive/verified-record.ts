import {
  isJsonObject,
  ownFileError,
  ownFileFault,
} from '../platform/own-file.js';
import { isProver, type Prover } from './proof.js';
import { type ArchiveFiles, isSealedArchive } from './backup-directory.js';
import {
  type Damage,
  documentDamage,
  parseDamage,
  withoutNames,
} from './damage.js';
import type { Storage } from './storage.js';

/**
 * When each archive of a storage was last proven, in `.kms-backup-verified.json` beside them. It may be lost at
 * any time: archives count as not verified then, and `verify` writes it anew. What it says of damage is advice: whoever
 * reads an archive finds out again.
 */
export interface VerifiedEntry {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly isSound: boolean;
  /** The size of all volumes: an archive that was replaced is not the one that was proven. */
  readonly sizeBytes: number;
  /** The number of checked entries; undefined in records of earlier versions. */
  readonly entries?: number | undefined;
  /** CRC-32 of each volume, where the run that wrote it has recorded them. */
  readonly volumeCrcs?: readonly number[] | undefined;
  /** The damage; undefined in records without it. */
  readonly damage?: readonly Damage[] | undefined;
  /** Why the archive as a whole cannot be recovered, though its entries may be. */
  readonly fault?: string | undefined;
  /** Who proved it; undefined in records of earlier versions. */
  readonly by?: Prover | undefined;
  /** The last drill of it. */
  readonly drilled?: DrillEntry | undefined;
}

/** A drill, as it stands in the record. */
interface DrillEntry {
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Undefined: everything. */
  readonly mailboxes?: number | undefined;
}

export type VerifiedRecord = ReadonlyMap<string, VerifiedEntry>;

const FILE = '.kms-backup-verified.json';
const LABEL = 'the record of verified archives';

/**
 * Reads the record; empty where there is none or nobody can tell what it said, and without the entries that say nothing.
 * @throws {FailedError} when it cannot be read: that is no proof that nothing was proven
 */
export async function readVerifiedRecord(
  storage: Storage,
): Promise<VerifiedRecord> {
  const file = await storage.readRecord(FILE, parseRecord);

  if (file.state === 'sound') return file.value;
  if (file.state === 'unreadable') {
    throw ownFileError(storage.pathOf(FILE), LABEL, file);
  }

  return new Map();
}

/** The same for those who only look: empty where nobody can tell, with a sentence that says so. */
export async function lookAtVerifiedRecord(storage: Storage): Promise<{
  readonly record: VerifiedRecord;
  readonly fault: string | undefined;
}> {
  const file = await storage.readRecord(FILE, parseRecord);
  const fault = ownFileFault(storage.pathOf(FILE), LABEL, file);

  return {
    record: file.state === 'sound' ? file.value : new Map(),
    fault,
  };
}

function parseRecord(json: unknown): Map<string, VerifiedEntry> | undefined {
  if (!isJsonObject(json) || !isJsonObject(json['archives'])) return undefined;

  const entries = Object.entries(json['archives']).map(
    ([stem, value]) => [stem, parseEntry(stem, value)] as const,
  );

  return new Map(
    entries.filter(
      (pair): pair is [string, VerifiedEntry] => pair[1] !== undefined,
    ),
  );
}

/** One archive's proof; undefined for what is none, so that the archive counts as not verified. */
function parseEntry(stem: string, json: unknown): VerifiedEntry | undefined {
  if (!isJsonObject(json)) return undefined;

  const { at, isSound, sizeBytes, entries, volumeCrcs, damage, fault } = json;
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined;
  if (typeof isSound !== 'boolean' || typeof sizeBytes !== 'number') {
    return undefined;
  }

  return {
    at,
    isSound,
    sizeBytes,
    ...(typeof entries === 'number' ? { entries } : {}),
    ...(areNumbers(volumeCrcs) ? { volumeCrcs } : {}),
    ...(Array.isArray(damage) ? { damage: parseAll(stem, damage) } : {}),
    ...(typeof fault === 'string' ? { fault } : {}),
    ...parseProver(json),
  };
}

function parseProver(
  json: Readonly<Record<string, unknown>>,
): Pick<VerifiedEntry, 'by' | 'drilled'> {
  const { by } = json;
  const drilled = parseDrill(json['drilled']);

  return {
    ...(isProver(by) ? { by } : {}),
    ...(drilled ? { drilled } : {}),
  };
}

function parseDrill(json: unknown): DrillEntry | undefined {
  if (!isJsonObject(json)) return undefined;

  const { at, mailboxes } = json;
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined;

  return typeof mailboxes === 'number' ? { at, mailboxes } : { at };
}

function areNumbers(json: unknown): json is number[] {
  return Array.isArray(json) && json.every((one) => typeof one === 'number');
}

/** All of it or nothing: damage that is only half known is somewhere. */
function parseAll(
  stem: string,
  damage: readonly unknown[],
): Damage[] | undefined {
  const parsed = damage.map((json) => parseDamage(stem, json));

  return parsed.every((one) => one !== undefined) ? parsed : undefined;
}

/** The damage of an archive for the record: where that lies beside sealed archives, it has no names of what is in them. */
export function recordable(
  files: ArchiveFiles,
  damage: readonly Damage[],
): readonly Damage[] {
  const isBeside = files.volumes[0]?.storage.localDirectory !== undefined;

  return isBeside && isSealedArchive(files) ? withoutNames(damage) : damage;
}

/** Adds what was proven, and forgets archives that are gone. Call it while the storage's lock is held. */
export async function recordVerified(
  storage: Storage,
  proven: ReadonlyMap<string, VerifiedEntry>,
  presentStems: ReadonlySet<string>,
): Promise<void> {
  const known = await readVerifiedRecord(storage);
  const added = [...proven].map(
    ([stem, entry]) => [stem, withDrill(entry, known.get(stem))] as const,
  );
  const merged = [...new Map([...known, ...added])].filter(([stem]) =>
    presentStems.has(stem),
  );
  const archives = Object.fromEntries(
    merged
      .sort(([a], [b]) => (a.slice(1) < b.slice(1) ? -1 : 1))
      .map(([stem, entry]) => [stem, documentEntry(entry)]),
  );
  const text = `${JSON.stringify({ schema: 'kms-backup/verified/1', archives }, undefined, 2)}\n`;

  await storage.replaceRecord(FILE, text);
}

/** The drill of these very files stays known, whoever reads them again. */
function withDrill(
  entry: VerifiedEntry,
  known: VerifiedEntry | undefined,
): VerifiedEntry {
  const isSame = known?.sizeBytes === entry.sizeBytes;

  return isSame && known.drilled && !entry.drilled
    ? { ...entry, drilled: known.drilled }
    : entry;
}

function documentEntry(entry: VerifiedEntry): object {
  return entry.damage
    ? { ...entry, damage: entry.damage.map(documentDamage) }
    : entry;
}
