/**
 * Far less mail than before, until somebody acknowledges it: `.kms-backup-mass-loss.json` beside the archives. Written before the
 * archive that has so much less gets its name, so that no rotation ever sees that archive without it.
 */
import { FailedError } from '../errors.js';
import {
  isJsonObject,
  type OwnFile,
  ownFileError,
} from '../platform/own-file.js';
import type { Storage } from './storage.js';

export interface MassLossRecord {
  /** The first archive with far less mail. */
  readonly archive: string;
  /** The set before it, and those before later losses: they stay whatever the limit says. */
  readonly keeps: readonly string[];
  readonly at: Date;
}

const FILE = '.kms-backup-mass-loss.json';
const SCHEMA = 'kms-backup/mass-loss/1';
const LABEL = 'the record of lost mail';

/**
 * Adds a loss to those that are not acknowledged yet: the first of them is the one that matters. A record that nobody understands
 * stays as it is, because every rotation stops at it: it keeps more than a new one would.
 * @throws {FailedError} where the record cannot be read · {Error} where it cannot be written
 */
export async function recordMassLoss(
  storage: Storage,
  loss: MassLossRecord,
): Promise<void> {
  const file = await storage.readRecord(FILE, parse);
  if (file.state === 'junk') return;

  const known = knownLoss(storage, file);
  const keeps = new Set([...(known?.keeps ?? []), ...loss.keeps]);

  await write(storage, {
    ...(known ?? loss),
    keeps: [...keeps],
  });
}

/**
 * Undefined where there is none.
 * @throws {FailedError} where the record cannot be read or understood: nobody knows what it keeps, so that nothing may be removed
 */
export async function readMassLoss(
  storage: Storage,
): Promise<MassLossRecord | undefined> {
  return knownLoss(storage, await storage.readRecord(FILE, parse));
}

/**
 * Says that the loss is known and right. Nothing is kept because of it any more.
 * @returns 'junk' for a record that nobody could understand, and that is begun anew
 * @throws {FailedError} where the record cannot be read · {Error} where it cannot be written
 */
export async function acknowledgeMassLoss(
  storage: Storage,
  now: Date,
): Promise<MassLossRecord | 'junk' | undefined> {
  const file = await storage.readRecord(FILE, parse);
  if (file.state === 'junk') {
    await write(storage, { archive: '', keeps: [], at: now });

    return 'junk';
  }

  const known = knownLoss(storage, file);
  if (known) await write(storage, { ...known, keeps: [] });

  return known;
}

function knownLoss(
  storage: Storage,
  file: OwnFile<MassLossRecord>,
): MassLossRecord | undefined {
  const path = storage.pathOf(FILE);
  if (file.state === 'absent') return undefined;
  if (file.state === 'unreadable') throw ownFileError(path, LABEL, file);
  if (file.state === 'sound') {
    return file.value.keeps.length > 0 ? file.value : undefined;
  }

  const { message } = ownFileError(path, LABEL, file);

  throw new FailedError(message, {
    hints: [
      'Nothing is removed while nobody knows what it keeps; status --acknowledge begins it anew.',
    ],
  });
}

function write(
  storage: Storage,
  { archive, keeps, at }: MassLossRecord,
): Promise<void> {
  const json = {
    schema: SCHEMA,
    archive,
    keeps,
    at: at.toISOString(),
  };

  return storage.replaceRecord(FILE, `${JSON.stringify(json, undefined, 2)}\n`);
}

function parse(json: unknown): MassLossRecord | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { archive, keeps, at } = json;
  if (typeof archive !== 'string' || typeof at !== 'string') return undefined;
  if (!Array.isArray(keeps) || !keeps.every((one) => typeof one === 'string')) {
    return undefined;
  }

  const date = new Date(at);

  return Number.isNaN(date.getTime())
    ? undefined
    : {
        archive,
        keeps,
        at: date,
      };
}
