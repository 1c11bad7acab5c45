/**
 * The seal of an archive in a bucket, `F….seal.json`: written once, before any volume can be seen. It says which uploads, and
 * which parts of them, are the archive's volumes, so that any later run can complete what one that died had sent. Pure.
 */
import type { UploadPart } from '../../object-store/object-store.js';
import { etagOfParts } from '../../object-store/upload-bodies.js';
import { type ArchiveType, formatIndexName } from '../names.js';
import {
  formatSealText,
  isCount,
  isText,
  parseSealText,
  parseStored,
  type ReadSealText,
  type SealText,
  type StoredVolume,
} from '../seal-text.js';
import { typeOf } from './upload-names.js';

/** A volume whose parts are all there. */
export interface SealedVolume extends StoredVolume {
  /** The length of every part but the last. */
  readonly partBytes: number;
  /** As the server names them, in order. */
  readonly partEtags: readonly string[];
  /** The ETags are MD5s of the parts: the object's can be told beforehand. */
  readonly areMd5: boolean;
  readonly uploadId: string;
}

export interface Seal extends SealText<SealedVolume> {
  readonly type: ArchiveType;
  /** Undefined where it could not be made. */
  readonly index?: SealedVolume | undefined;
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

export function formatSeal(seal: Seal): Buffer {
  return Buffer.from(formatSealText(seal));
}

/** A seal as it was read. */
export type ReadSeal = Seal & ReadSealText<SealedVolume>;

/** Undefined for what is not what we write. */
export function parseSeal(bytes: Buffer, stem: string): ReadSeal | undefined {
  const json = parseJson(bytes);
  const text = parseSealText(json, stem, parseParts);
  if (!text) return undefined;

  const { index } = json as { readonly index?: unknown };

  return {
    ...text,
    type: typeOf(stem),
    index: parseStored(index, formatIndexName(stem), parseParts),
  };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function parseParts(
  json: Readonly<Record<string, unknown>>,
  volume: StoredVolume,
): SealedVolume | undefined {
  const { partBytes, partEtags, areMd5, uploadId } = json;
  if (!isText(uploadId) || !isCount(partBytes)) return undefined;
  if (!Array.isArray(partEtags) || !partEtags.every(isText)) return undefined;
  if (partEtags.length !== Math.ceil(volume.sizeBytes / partBytes)) {
    return undefined;
  }

  return {
    ...volume,
    partBytes,
    partEtags,
    areMd5: areMd5 === true,
    uploadId,
  };
}

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
