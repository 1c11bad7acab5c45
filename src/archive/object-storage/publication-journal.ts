/** What this machine has begun in a bucket, in its state directory: so that its next run knows what is its own to end. */
import { isJsonObject } from '../../platform/own-file.js';
import { archiveName, parseVolumeName } from '../names.js';
import type { Storage } from '../storage.js';

/** An upload that was begun. */
export interface BegunUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** An archive that a run publishes or removes; `copy`: its volumes lie finished elsewhere, and a later run goes on with it. */
export interface Journal {
  readonly stem: string;
  readonly act: 'publish' | 'copy' | 'remove';
  /** The run that publishes, as its seal names it. */
  readonly run: string;
  readonly uploads: readonly BegunUpload[];
}

const SCHEMA = 'kms-backup/publication/1';
const PREFIX = '.kms-backup-publication-';

const nameOf = (stem: string): string => `${PREFIX}${stem}.json`;

/** @param own the state directory of the bucket */
export async function writeJournal(
  own: Storage,
  journal: Journal,
): Promise<void> {
  const text = `${JSON.stringify({ schema: SCHEMA, ...journal })}\n`;

  await own.replaceRecord(nameOf(journal.stem), text);
}

export async function dropJournal(own: Storage, stem: string): Promise<void> {
  await own.remove(nameOf(stem));
}

/** The uploads of a copy of an archive that nobody ended. */
export async function uploadsOfCopy(
  own: Storage,
  stem: string,
): Promise<readonly BegunUpload[]> {
  const file = await own.readRecord(nameOf(stem), parseJournal);

  return file.state === 'sound' && file.value.act === 'copy'
    ? file.value.uploads
    : [];
}

/** All that are there, oldest first. One that cannot be understood says nothing but its archive. */
export async function readJournals(own: Storage): Promise<Journal[]> {
  const files = await own.list((name) => name.startsWith(PREFIX));
  const journals: Journal[] = [];

  for (const { name } of files) {
    const stem = name.slice(PREFIX.length, -'.json'.length);
    if (!parseVolumeName(archiveName(stem))) continue;

    const file = await own.readRecord(name, parseJournal);
    journals.push(
      file.state === 'sound'
        ? file.value
        : { stem, act: 'publish', run: '', uploads: [] },
    );
  }

  return journals;
}

function parseJournal(json: unknown): Journal | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { stem, act, run, uploads } = json;
  if (typeof stem !== 'string' || typeof run !== 'string') return undefined;
  if (!isAct(act)) return undefined;
  if (!Array.isArray(uploads)) return undefined;

  return { stem, act, run, uploads: uploads.flatMap(parseUpload) };
}

const isAct = (json: unknown): json is Journal['act'] =>
  json === 'publish' || json === 'copy' || json === 'remove';

function parseUpload(json: unknown): BegunUpload[] {
  if (!isJsonObject(json)) return [];

  const { key, uploadId } = json;

  return typeof key === 'string' && typeof uploadId === 'string'
    ? [{ key, uploadId }]
    : [];
}
