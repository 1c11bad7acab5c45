/** The public seal of an archive as JSON, `F….seal.json`, wherever it lies. Pure. */
import { isJsonObject } from '../platform/own-file.js';
import {
  formatSealedName,
  formatVolumeName,
  parseVolumeName,
} from './names.js';
import {
  formatPublicFacts,
  parsePublicFacts,
  type PublicFacts,
  type ReadFacts,
} from './public-facts.js';

/** A volume as it is stored. */
export interface StoredVolume {
  /** `F….1.zip`, or `F….1.zip.age` */
  readonly key: string;
  readonly sizeBytes: number;
  /** Of the stored bytes, hexadecimal. */
  readonly sha256: string;
}

/** @template Volume what is said of each volume */
export interface SealText<Volume extends StoredVolume = StoredVolume> {
  readonly stem: string;
  /** Tells two runs apart. */
  readonly run: string;
  /** SHA-256 over those of the volumes' central directories. */
  readonly digest: string;
  /** The full that a differential is measured against. */
  readonly base: { readonly stem: string; readonly digest: string } | undefined;
  /** RFC 3339, UTC. */
  readonly sealedAt: string;
  /** Every written byte had been read again. */
  readonly isReadBack: boolean;
  readonly volumes: readonly Volume[];
  /** What who cannot look into the archive may know of it; undefined in seals of earlier versions. */
  readonly facts?: ReadFacts | undefined;
}

const SCHEMA = 'kms-backup/seal/1';

export function formatSealText(seal: SealText): string {
  const facts = seal.facts && formatPublicFacts(seal.facts);

  return `${JSON.stringify({ schema: SCHEMA, ...seal, facts })}\n`;
}

/** A seal as it was read. */
export interface ReadSealText<
  Volume extends StoredVolume,
> extends SealText<Volume> {
  readonly facts: PublicFacts | undefined;
}

/**
 * Undefined for what is not what we write.
 * @param parseMore what else is said of a volume
 */
export function parseSealText<Volume extends StoredVolume>(
  json: unknown,
  stem: string,
  parseMore: (json: Json, volume: StoredVolume) => Volume | undefined,
): ReadSealText<Volume> | undefined {
  if (!isJsonObject(json) || !parseVolumeName(formatVolumeName(stem, 0))) {
    return undefined;
  }

  if (json['schema'] !== SCHEMA || json['stem'] !== stem) return undefined;

  const { run, digest, sealedAt, isReadBack } = json;
  const base = parseBase(json['base']);
  const volumes = parseVolumes(json['volumes'], stem, parseMore);
  if (!isText(run) || !isText(digest) || !isText(sealedAt)) return undefined;

  return (
    volumes && {
      stem,
      run,
      digest,
      base,
      sealedAt,
      isReadBack: isReadBack === true,
      volumes,
      facts: parsePublicFacts(json['facts'], { base, volumes: volumes.length }),
    }
  );
}

type Json = Readonly<Record<string, unknown>>;

function parseVolumes<Volume extends StoredVolume>(
  json: unknown,
  stem: string,
  parseMore: (json: Json, volume: StoredVolume) => Volume | undefined,
): Volume[] | undefined {
  if (!Array.isArray(json) || json.length === 0) return undefined;

  const volumes = json.map((volume, number) =>
    parseStored(volume, formatVolumeName(stem, number), parseMore),
  );

  return volumes.every((volume) => volume !== undefined) ? volumes : undefined;
}

/** What is said of a file of this name. */
export function parseStored<Volume extends StoredVolume>(
  json: unknown,
  name: string,
  parseMore: (json: Json, volume: StoredVolume) => Volume | undefined,
): Volume | undefined {
  if (!isJsonObject(json)) return undefined;

  const { key, sizeBytes, sha256 } = json;
  if (!isNameOf(key, name)) return undefined;
  if (!isText(sha256) || !isCount(sizeBytes)) return undefined;

  return parseMore(json, { key, sizeBytes, sha256 });
}

function parseBase(json: unknown): SealText['base'] {
  if (!isJsonObject(json)) return undefined;

  const { stem, digest } = json;

  return isText(stem) && isText(digest) ? { stem, digest } : undefined;
}

const isNameOf = (json: unknown, name: string): json is string =>
  json === name || json === formatSealedName(name);

export const isText = (json: unknown): json is string =>
  typeof json === 'string' && json !== '';

export const isCount = (json: unknown): json is number =>
  typeof json === 'number' && Number.isSafeInteger(json) && json > 0;
