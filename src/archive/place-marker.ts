/**
 * The mark of a backup directory: `.kms-backup-place.json` beside the archives. Its id was drawn when it was written, so that a disk
 * is known again under any device number, on any machine, and where it was copied with its archives.
 */
import { randomUUID } from 'node:crypto';
import { isJsonObject, ownFileFault } from '../platform/own-file.js';
import type { Storage } from './storage.js';

export interface PlaceMarker {
  readonly id: string;
  /** The name of the server that keeps its archives there. */
  readonly server: string;
  /** What it was mounted from when it was marked, in words; undefined where nobody can tell. */
  readonly fileSystem: string | undefined;
}

const FILE = '.kms-backup-place.json';
const SCHEMA = 'kms-backup/place/1';

/** Undefined where there is none, or none that can be understood. */
export async function readPlaceMarker(
  storage: Storage,
): Promise<PlaceMarker | undefined> {
  const file = await storage.readRecord(FILE, parseMarker);

  return file.state === 'sound' ? file.value : undefined;
}

/** Why nobody can tell what the marker says; undefined where it is sound or not there. */
export async function placeMarkerFault(
  storage: Storage,
): Promise<string | undefined> {
  const file = await storage.readRecord(FILE, parseMarker);
  const label = 'the mark of the backup directory';

  return ownFileFault(storage.pathOf(FILE), label, file);
}

export async function writePlaceMarker(
  storage: Storage,
  marker: PlaceMarker,
): Promise<void> {
  const json = {
    schema: SCHEMA,
    ...marker,
  };

  await storage.replaceRecord(FILE, `${JSON.stringify(json, undefined, 2)}\n`);
}

/** A marker that no other place has. */
export function newPlaceMarker(marker: Omit<PlaceMarker, 'id'>): PlaceMarker {
  return {
    id: randomUUID(),
    ...marker,
  };
}

function parseMarker(json: unknown): PlaceMarker | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { id, server, fileSystem } = json;
  if (typeof id !== 'string' || typeof server !== 'string') return undefined;

  return {
    id,
    server,
    fileSystem: typeof fileSystem === 'string' ? fileSystem : undefined,
  };
}
