/**
 * The seal of an archive in a bucket, `F….seal.json`: written once, before any volume can be seen. It says which uploads, and
 * which parts of them, are the archive's volumes, so that any later run can complete what one that died had sent. Pure.
 */
import type { UploadPart } from '../../object-store/object-store.js';
import { etagOfParts } from '../../object-store/upload-bodies.js';
import { isJsonObject } from '../../platform/own-file.js';
import {
  formatPublicFacts,
  parsePublicFacts,
  type PublicFacts,
  type ReadFacts,
} from '../public-facts.js';
import {
  type ArchiveType,
  formatSealedName,
  formatVolumeName,
  parseVolumeName,
  formatIndexName,
} from '../names.js';

/** A volume whose parts are all there. */
export interface SealedVolume {
  /** `F….1.zip`, or `F….1.zip.age` */
  readonly key: string;
  readonly sizeBytes: number;
  /** Of the object's bytes, hexadecimal. */
  readonly sha256: string;
  /** The length of every part but the last. */
  readonly partBytes: number;
  /** As the server names them, in order. */
  readonly partEtags: readonly string[];
  /** The ETags are MD5s of the parts: the object's can be told beforehand. */
  readonly areMd5: boolean;
  readonly uploadId: string;
}

export interface Seal {
  readonly stem: string;
  readonly type: ArchiveType;
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
  readonly volumes: readonly SealedVolume[];
  /** Undefined where it could not be made. */
  readonly index?: SealedVolume | undefined;
  /** What who cannot look into the archive may know of it; undefined in seals of earlier versions. */
  readonly facts?: ReadFacts | undefined;
}

/** All that the seal makes visible, in the order of the uploads. */
export function objectsOf({ volumes, index }: Seal): SealedVolume[] {
  return [...volumes, ...(index ? [index] : [])];
}

/** Says whether an upload is of an object of the seal. */
export function isSealed(seal: Seal | undefined, uploadId: string): boolean {
  return (
    seal !== undefined &&
    objectsOf(seal).some((object) => object.uploadId === uploadId)
  );
}

const SCHEMA = 'kms-backup/seal/1';

export function formatSeal(seal: Seal): Buffer {
  const facts = seal.facts && formatPublicFacts(seal.facts);

  return Buffer.from(`${JSON.stringify({ schema: SCHEMA, ...seal, facts })}\n`);
}

/** A seal as it was read. */
export interface ReadSeal extends Seal {
  readonly facts: PublicFacts | undefined;
}

/** Undefined for what is not what we write. */
export function parseSeal(bytes: Buffer, stem: string): ReadSeal | undefined {
  const json = parseJson(bytes);
  const type = parseVolumeName(formatVolumeName(stem, 0))?.type;
  if (!isJsonObject(json) || type === undefined) return undefined;
  if (json['schema'] !== SCHEMA || json['stem'] !== stem) return undefined;

  const { run, digest, sealedAt, isReadBack } = json;
  const base = parseBase(json['base']);
  const volumes = parseVolumes(json['volumes'], stem);
  if (!isText(run) || !isText(digest) || !isText(sealedAt)) return undefined;

  return (
    volumes && {
      stem,
      type,
      run,
      digest,
      base,
      sealedAt,
      isReadBack: isReadBack === true,
      volumes,
      index: parseVolume(json['index'], formatIndexName(stem)),
      facts: parsePublicFacts(json['facts'], { base, volumes: volumes.length }),
    }
  );
}

function parseVolumes(json: unknown, stem: string): SealedVolume[] | undefined {
  if (!Array.isArray(json) || json.length === 0) return undefined;

  const volumes = json.map((volume, number) =>
    parseVolume(volume, formatVolumeName(stem, number)),
  );

  return volumes.every((volume) => volume !== undefined) ? volumes : undefined;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function parseBase(json: unknown): Seal['base'] {
  if (!isJsonObject(json)) return undefined;

  const { stem, digest } = json;

  return isText(stem) && isText(digest) ? { stem, digest } : undefined;
}

function parseVolume(json: unknown, name: string): SealedVolume | undefined {
  if (!isJsonObject(json)) return undefined;

  const { key } = json;
  if (!isNameOf(key, name)) return undefined;

  const { sizeBytes, sha256, partBytes, partEtags, areMd5, uploadId } = json;
  if (!isText(sha256) || !isText(uploadId)) return undefined;
  if (!isCount(sizeBytes) || !isCount(partBytes)) return undefined;
  if (!Array.isArray(partEtags) || !partEtags.every(isText)) return undefined;
  if (partEtags.length !== Math.ceil(sizeBytes / partBytes)) return undefined;

  return {
    key,
    sizeBytes,
    sha256,
    partBytes,
    partEtags,
    areMd5: areMd5 === true,
    uploadId,
  };
}

const isNameOf = (json: unknown, name: string): json is string =>
  json === name || json === formatSealedName(name);

const isText = (json: unknown): json is string =>
  typeof json === 'string' && json !== '';

const isCount = (json: unknown): json is number =>
  typeof json === 'number' && Number.isSafeInteger(json) && json > 0;

/** The parts of a volume, as the server knows them. */
export function partsOf({
  sizeBytes,
  partBytes,
  partEtags,
}: SealedVolume): UploadPart[] {
  return partEtags.map((etag, index) => ({
    number: index + 1,
    etag,
    sizeBytes: Math.min(partBytes, sizeBytes - index * partBytes),
  }));
}

/** Says whether an object is the volume. @param completedAs the ETag that the server told when it completed the upload */
export function isVolume(
  { sizeBytes, etag }: { readonly sizeBytes: number; readonly etag: string },
  volume: SealedVolume,
  completedAs?: string,
): boolean {
  if (sizeBytes !== volume.sizeBytes) return false;
  if (volume.areMd5) return etag === etagOfParts(partsOf(volume));

  const count = String(volume.partEtags.length);

  return etag === (completedAs ?? etag) && etag.endsWith(`-${count}`);
}
