/**
 * Far less mail than before, until somebody acknowledges it: `.kms-backup-mass-loss.json` beside the archives. Written before the
 * archive that has so much less gets its name, so that no rotation ever sees that archive without it.
 */
import { isJsonObject } from '../platform/own-file.js';
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

/** Adds a loss to those that are not acknowledged yet: the first of them is the one that matters. */
export async function recordMassLoss(
  storage: Storage,
  loss: MassLossRecord,
): Promise<void> {
  const known = await readMassLoss(storage);
  const keeps = new Set([...(known?.keeps ?? []), ...loss.keeps]);

  await write(storage, {
    ...(known ?? loss),
    keeps: [...keeps],
  });
}

/** Undefined where there is none. @throws {Error} where the record cannot be read: nobody knows what it keeps */
export async function readMassLoss(
  storage: Storage,
): Promise<MassLossRecord | undefined> {
  const file = await storage.readRecord(FILE, parse);
  if (file.state === 'unreadable') throw file.cause;

  return file.state === 'sound' && file.value.keeps.length > 0
    ? file.value
    : undefined;
}

/** Says that the loss is known and right. Nothing is kept because of it any more. */
export async function acknowledgeMassLoss(
  storage: Storage,
): Promise<MassLossRecord | undefined> {
  const known = await readMassLoss(storage);
  if (known) await write(storage, { ...known, keeps: [] });

  return known;
}

function write(
  storage: Storage,
  { archive, keeps, at }: MassLossRecord,
): Promise<void> {
  const json = { schema: SCHEMA, archive, keeps, at: at.toISOString() };

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
    : { archive, keeps, at: date };
}
