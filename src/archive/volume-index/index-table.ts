/**
 * The table of an archive's index: which ranges of which volumes it holds, and where. It is the last entry of the index, as JSON, and
 * nothing in it is believed before `parseIndexTable` has accepted all of it. Pure.
 */
import { isJsonObject } from '../../platform/own-file.js';

/** The entry of the index that holds the table. */
export const TABLE_ENTRY = 'index.json';

/** A range is deflated in blocks of so many bytes, each of which can be inflated without the others. */
export const BLOCK_BYTES = 64 << 10;

/** Written by this version; a reader uses no other. */
const FORMAT = 1;

/** A range of the bytes of a volume. */
export interface IndexedRange {
  /** In the volume. */
  readonly offset: number;
  readonly length: number;
  /** Where its first block begins in the index. */
  readonly at: number;
  /** The length of each block as it lies in the index. */
  readonly packed: readonly number[];
  /** The CRC-32 of the bytes of each block. */
  readonly crcs: readonly number[];
}

export interface IndexedVolume {
  /** `F….1.zip` */
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 of its central directory, hexadecimal. */
  readonly digest: string;
  /** Small ranges may lie in large ones. */
  readonly ranges: readonly IndexedRange[];
}

export interface IndexTable {
  /** The archive that the volumes are of: `F20060118T220007Z`. */
  readonly stem: string;
  readonly volumes: readonly IndexedVolume[];
}

export function formatIndexTable({ stem, volumes }: IndexTable): string {
  return JSON.stringify({ format: FORMAT, stem, volumes });
}

/** Undefined for anything that `formatIndexTable` does not write. @param indexBytes the length of the whole index */
export function parseIndexTable(
  json: unknown,
  indexBytes: number,
): IndexTable | undefined {
  if (!isJsonObject(json) || json['format'] !== FORMAT) return undefined;

  const { stem, volumes: given } = json;
  if (typeof stem !== 'string' || !Array.isArray(given)) return undefined;

  const volumes = given.map((volume) => parseVolume(volume, indexBytes));

  return volumes.every((volume) => volume !== undefined)
    ? { stem, volumes }
    : undefined;
}

function parseVolume(
  json: unknown,
  indexBytes: number,
): IndexedVolume | undefined {
  if (!isJsonObject(json)) return undefined;

  const { name, sizeBytes, digest, ranges: given } = json;

  const isVolume =
    typeof name === 'string' &&
    typeof digest === 'string' &&
    isCount(sizeBytes) &&
    Array.isArray(given);

  if (!isVolume) return undefined;

  const ranges = given.map((range) => parseRange(range, sizeBytes, indexBytes));

  return ranges.every((range) => range !== undefined)
    ? { name, sizeBytes, digest, ranges }
    : undefined;
}

function parseRange(
  json: unknown,
  volumeBytes: number,
  indexBytes: number,
): IndexedRange | undefined {
  if (!isJsonObject(json)) return undefined;

  const { offset, length, at, packed, crcs } = json;

  const isRange =
    isCount(offset) &&
    isCount(length) &&
    isCount(at) &&
    areCounts(packed) &&
    areCounts(crcs);

  if (!isRange) return undefined;

  const range = { offset, length, at, packed, crcs };
  const end = packed.reduce((sum, bytes) => sum + bytes, at);

  return offset + length <= volumeBytes && end <= indexBytes && hasBlocks(range)
    ? range
    : undefined;
}

function hasBlocks({ length, packed, crcs }: IndexedRange): boolean {
  const blocks = Math.ceil(length / BLOCK_BYTES);

  return packed.length === blocks && crcs.length === blocks;
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
