/** The public seals of archives in a directory, and what they prove. */
import { createHash } from 'node:crypto';
import { tellStep } from '../platform/steps.js';
import { formatSealName } from './names.js';
import {
  parseSealText,
  type ReadSealText,
  type StoredVolume,
} from './seal-text.js';
import type {
  PublicSeal,
  SealProof,
  SealProofOptions,
  Storage,
} from './storage.js';

const PIECE_BYTES = 4 << 20;

/** Where a directory's files are. */
type Directory = Pick<Storage, 'readRecord' | 'stat' | 'openForRanges'>;

/** Undefined where there is none, or where it is not what we write. @throws {Error} where it cannot be read */
export async function readLocalSeal(
  directory: Directory,
  stem: string,
): Promise<PublicSeal | undefined> {
  const seal = await readSealText(directory, stem);

  return seal && { ...seal, sealedAt: new Date(seal.sealedAt) };
}

async function readSealText(
  { readRecord }: Directory,
  stem: string,
): Promise<ReadSealText<StoredVolume> | undefined> {
  const file = await readRecord(formatSealName(stem), (json) =>
    parseSealText(json, stem, (_, volume) => volume),
  );
  if (file.state === 'unreadable') throw file.cause;

  return file.state === 'sound' ? file.value : undefined;
}

/** Compares every stored byte of an archive with its seal: a disk takes nothing for that. Undefined where there is none. */
export async function proveLocalSeal(
  directory: Directory,
  stem: string,
  options: Omit<SealProofOptions, 'readsAll'>,
): Promise<SealProof | undefined> {
  const seal = await readSealText(directory, stem);
  if (!seal) return undefined;

  const faults: { key: string; reason: string }[] = [];

  for (const volume of seal.volumes) {
    const { key } = volume;
    tellStep(`comparing ${key} with its seal`);

    const reason = await findFault(directory, volume, options);
    if (reason !== undefined) faults.push({ key, reason });
  }

  const { sealedAt, isReadBack } = seal;

  return { sealedAt: new Date(sealedAt), isReadBack, faults };
}

/** Why a file is not the sealed volume. */
async function findFault(
  directory: Directory,
  { key, sizeBytes, sha256 }: StoredVolume,
  options: Omit<SealProofOptions, 'readsAll'>,
): Promise<string | undefined> {
  const there = await directory.stat(key);
  if (there?.kind !== 'file') return 'it is missing';

  if (there.sizeBytes !== sizeBytes) {
    return `it is not what was sealed: it has ${there.sizeBytes} bytes instead of ${sizeBytes}`;
  }

  return (await hashFile(directory, key, options)) === sha256
    ? undefined
    : 'its SHA-256 is not the one that was sealed';
}

/** SHA-256 of a stored file, hexadecimal. @throws {Error} the signal's reason as soon as it aborts */
export async function hashFile(
  { openForRanges }: Pick<Storage, 'openForRanges'>,
  name: string,
  { signal, onRead }: Omit<SealProofOptions, 'readsAll'>,
): Promise<string> {
  const hash = createHash('sha256');
  const source = await openForRanges(name);

  try {
    for (let at = 0; at < source.sizeBytes; at += PIECE_BYTES) {
      signal?.throwIfAborted();
      const length = Math.min(PIECE_BYTES, source.sizeBytes - at);
      const piece = await source.read(at, length);

      hash.update(piece);
      onRead?.(piece.length);
    }
  } finally {
    source.close();
  }

  return hash.digest('hex');
}
