import { type BigIntStats, closeSync, fstatSync, statSync } from 'node:fs';
import { ticksOf } from '../../platform/file-times.js';
import {
  goneError,
  isGone,
  isSame,
  isStillAt,
  lstatOrGone,
} from '../../platform/look-again.js';
import { formatPieceName } from '../entry-names.js';
import { codec } from '../zip/codec.js';
import { combineCrc32 } from '../zip/crc32.js';
import { headerBytes } from '../zip/put-headers.js';
import {
  END_BYTES,
  type FilePiece,
  METHOD_DEFLATED,
} from '../zip/zip-format.js';
import type { ArchiveMark, ArchiveWriter } from './archive-writer.js';
import type { ChunkWorkers } from './chunk-workers.js';
import type { PackRecord } from './pack-record.js';
import type { ChunkResult, ChunkTask, ListedFile } from './pack-tasks.js';
import { GONE, SourceReadError, toReadFault } from './read-fault.js';
import { openStored } from '../../store/open-stored.js';
import { refuseOther } from './stable-read.js';

const CHUNK_BYTES = 1 << 20;
const WINDOW_BYTES = 32_768;
/** Room for `.kms-part-NNNNN-of-NNNNN`. */
const PIECE_SUFFIX_BYTES = 32;

/** The objects that a large file is packed with. */
export interface LargeFileContext {
  readonly writer: ArchiveWriter;
  readonly volumeLimitBytes: number;
  readonly chunks: ChunkWorkers;
  readonly record: PackRecord;
}

/** The result for a large file. */
export interface LargeFileOutcome {
  readonly sizeBytes: number;
  readonly isSettled: boolean;
  readonly pieces: number;
}

/**
 * Packs one large file, its chunks deflated by all workers; once more when it changed meanwhile.
 * @throws {SourceReadError} when it cannot be read; the writer stands then where it stood before
 */
export async function packLargeFile(
  file: ListedFile,
  context: LargeFileContext,
): Promise<LargeFileOutcome> {
  const first = await packOnce(file, context);
  if (first.isSettled) {
    context.writer.commit();
    return first;
  }

  await context.writer.rewind(first.mark);

  const second = await packOnce(file, context);
  context.writer.commit();

  return second;
}

async function packOnce(
  file: ListedFile,
  context: LargeFileContext,
): Promise<LargeFileOutcome & { readonly mark: ArchiveMark }> {
  const stats = measureLargeFile(file);
  const sizeBytes = Number(stats.size);
  const mark = context.writer.mark();
  const pieceBytes = largestPieceBytes(context.volumeLimitBytes, file.name);
  const pieces = Math.max(1, Math.ceil(sizeBytes / pieceBytes));

  try {
    for (let index = 0; index < pieces; index++) {
      const piece: FilePiece = {
        index,
        count: pieces,
        offsetBytes: index * pieceBytes,
        totalBytes: sizeBytes,
      };

      await packPiece({ file, stats, piece, pieceBytes }, context);
    }

    return { sizeBytes, pieces, mark, isSettled: isUnchanged(stats, file) };
  } catch (error) {
    await context.writer.rewind(mark);
    throw error;
  }
}

/** The longest stretch of a file that one volume is sure to hold as one entry. */
export function largestPieceBytes(
  volumeLimitBytes: number,
  name: string,
): number {
  const nameBytes = Buffer.byteLength(name) + PIECE_SUFFIX_BYTES;
  const room = volumeLimitBytes - END_BYTES - headerBytes(nameBytes, true);

  return Math.max(0, Math.floor((room - 128) * (8192 / 8197)));
}

/**
 * The size, times and identity of a large file now.
 * @throws {SourceReadError} with the fault GONE where it is gone, or its directory is not the one that was listed
 */
export function measureLargeFile(file: ListedFile): BigIntStats {
  const { path, directory, identity, followsLinks } = file;

  try {
    if (identity && !isStillAt(directory, identity)) {
      throw goneError('another directory stands there');
    }

    const fd = openStored(path, { followsLinks, asksPlace: true });
    try {
      const stats = fstatSync(fd, { bigint: true });
      refuseOther(stats);

      return stats;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const fault = isGone(error) ? GONE : toReadFault(error);

    throw new SourceReadError(fault, { cause: error });
  }
}

/** A file that is gone meanwhile was read whole, unless its directory is another one: then it may not be what was listed. */
function isUnchanged(before: BigIntStats, file: ListedFile): boolean {
  const { identity, directory } = file;
  if (identity && !isStillAt(directory, identity)) {
    throw new SourceReadError(GONE);
  }

  const after = lstatOrGone(file.path);
  const target =
    after && file.followsLinks ? statSync(file.path, { bigint: true }) : after;

  return (
    target !== undefined &&
    isSame(before, target) &&
    before.mtimeNs === target.mtimeNs &&
    before.size === target.size
  );
}

/** One piece of a file, or the whole file as its only piece. */
interface PieceJob {
  readonly file: ListedFile;
  readonly stats: BigIntStats;
  readonly piece: FilePiece;
  readonly pieceBytes: number;
}

async function packPiece(
  job: PieceJob,
  context: LargeFileContext,
): Promise<void> {
  const { file, piece, stats } = job;
  const { writer } = context;
  const isSplit = piece.count > 1;
  const length = Math.min(job.pieceBytes, piece.totalBytes - piece.offsetBytes);

  const name = isSplit
    ? formatPieceName(file.name, piece.index, piece.count)
    : file.name;

  const headerAt = writer.beginEntry(name, codec.deflateBound(length));
  const data = await writeChunks(planChunks(job, length), context);

  writer.endEntry(headerAt, {
    name: Buffer.from(name, 'utf8'),
    method: METHOD_DEFLATED,
    ...data,
    mtimeTicks: ticksOf(stats),
    mode: Number(stats.mode),
    piece: isSplit ? piece : undefined,
  });
}

/** The chunks of a piece, in the order of the file. */
function planChunks(
  { file, stats, piece }: PieceJob,
  length: number,
): ChunkTask[] {
  const chunks: ChunkTask[] = [];

  for (let at = 0; at < length; at += CHUNK_BYTES) {
    chunks.push({
      kind: 'chunk',
      path: file.path,
      followsLinks: file.followsLinks,
      identity: { dev: stats.dev, ino: stats.ino },
      offsetBytes: piece.offsetBytes + at,
      lengthBytes: Math.min(CHUNK_BYTES, length - at),
      windowBytes: Math.min(at, WINDOW_BYTES),
      isLast: at + CHUNK_BYTES >= length,
    });
  }

  return chunks;
}

/** The sizes and checksum of written data. */
interface WrittenData {
  readonly crc: number;
  readonly sizeBytes: number;
  readonly compressedBytes: number;
}

/** Keeps the workers busy a few chunks ahead and writes the results in the file's order. */
async function writeChunks(
  tasks: readonly ChunkTask[],
  { writer, chunks, record }: LargeFileContext,
): Promise<WrittenData> {
  const waiting = [...tasks].reverse();
  const ahead: Promise<ChunkResult>[] = [];
  let data: WrittenData = { crc: 0, sizeBytes: 0, compressedBytes: 0 };

  try {
    while (waiting.length > 0 || ahead.length > 0) {
      startAhead(waiting, ahead, chunks);

      const result = await ahead[0];
      void ahead.shift();
      if (!result) break;

      writer.current.write(chunks.bytesOf(result), result.blockCrc);
      chunks.release(result);
      data = addChunk(data, result);
      record.addSourceBytes(result.sourceBytes);
      record.engineFault ??= result.engineFault;
    }
  } finally {
    // After a failure the chunks under way still hold memory that must be given back.
    for (const result of await Promise.allSettled(ahead)) {
      if (result.status === 'fulfilled') chunks.release(result.value);
    }
  }

  return data;
}

/** Hands chunks to the workers until as many are under way as keep all of them busy. */
function startAhead(
  waiting: ChunkTask[],
  ahead: Promise<ChunkResult>[],
  chunks: ChunkWorkers,
): void {
  while (ahead.length < chunks.depth) {
    const task = waiting.pop();
    if (!task) return;

    const deflating = chunks.deflate(task);
    void deflating.catch(() => undefined); // awaited later, in order
    ahead.push(deflating);
  }
}

function addChunk(data: WrittenData, chunk: ChunkResult): WrittenData {
  return {
    crc: combineCrc32(data.crc, chunk.crc, chunk.sourceBytes),
    sizeBytes: data.sizeBytes + chunk.sourceBytes,
    compressedBytes: data.compressedBytes + chunk.lengthBytes,
  };
}
