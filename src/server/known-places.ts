/**
 * The backup directories as the last run left each: `kms-backup-places.json` beside mailserver.cfg. A disk that is not mounted
 * cannot say that it should be there; this file does.
 */
import { join } from 'node:path';
import {
  isJsonObject,
  ownFileFault,
  readOwnJson,
  replaceOwnFile,
} from '../platform/own-file.js';

export interface KnownPlace {
  /** Absolute. */
  readonly directory: string;
  /** The ids of the markers that were found there, the last one last: disks may take turns. */
  readonly ids: readonly string[];
  /** The archives that were there. */
  readonly archives: readonly string[];
  readonly at: Date;
  /** It lay on another file system than the server's install directory. */
  readonly isApart: boolean;
  /** What it was mounted from, in words; undefined where nobody can tell. */
  readonly fileSystem: string | undefined;
}

const FILE = 'kms-backup-places.json';
const SCHEMA = 'kms-backup/places/1';

/** More directories than anybody has; the oldest is forgotten. */
const MAX_PLACES = 50;

/** The one that was used last comes last. None where the file is missing, or cannot be understood. */
export function readKnownPlaces(installDir: string): readonly KnownPlace[] {
  const file = readOwnJson(join(installDir, FILE), parsePlaces);

  return file.state === 'sound' ? file.value : [];
}

/** Why nobody can tell which backup directories there were; undefined where the file is sound or not there. */
export function knownPlacesFault(installDir: string): string | undefined {
  const path = join(installDir, FILE);

  return ownFileFault(
    path,
    'the record of backup directories',
    readOwnJson(path, parsePlaces),
  );
}

/** Replaces what is known of the directory. @throws {Error} the operating system's */
export function noteKnownPlace(installDir: string, place: KnownPlace): void {
  const others = readKnownPlaces(installDir).filter(
    ({ directory }) => directory !== place.directory,
  );

  const places = [...others, place].slice(-MAX_PLACES);
  const text = JSON.stringify({ schema: SCHEMA, places }, undefined, 2);

  replaceOwnFile(join(installDir, FILE), `${text}\n`, 0o644);
}

function parsePlaces(json: unknown): readonly KnownPlace[] | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { places } = json;
  if (!Array.isArray(places)) return undefined;

  return places.flatMap((place: unknown) => parsePlace(place) ?? []);
}

function parsePlace(json: unknown): KnownPlace | undefined {
  if (!isJsonObject(json)) return undefined;

  const { directory, ids, archives, isApart, fileSystem } = json;
  const at = new Date(String(json['at']));
  if (typeof directory !== 'string' || Number.isNaN(at.getTime())) {
    return undefined;
  }

  if (!isTexts(ids) || !isTexts(archives)) return undefined;

  return {
    directory,
    ids,
    archives,
    at,
    isApart: isApart === true,
    fileSystem: typeof fileSystem === 'string' ? fileSystem : undefined,
  };
}

function isTexts(json: unknown): json is readonly string[] {
  return Array.isArray(json) && json.every((text) => typeof text === 'string');
}
