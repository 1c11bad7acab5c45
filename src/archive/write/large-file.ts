import { type BigIntStats, closeSync, fstatSync, statSync } from 'node:fs';
import { errnoOf, messageOf } from '../../errors.js';
import {
  goneError,
  isGone,
  isSame,
  isStillAt,
  lstatOrGone,
} from '../../platform/look-again.js';
import type { ArchiveWriter } from './archive-writer.js';
import { codec } from '../zip/codec.js';
import { combineCrc32 } from '../zip/crc32.js';
import { formatPartName } from '../entry-names.js';
import { ticksOf } from '../../platform/file-times.js';
import type { ChunkResult, ChunkTask, ListedDirectory } from './pack-tasks.js';
import { openStored, refuseOther } from './stable-read.js';
import {
  END_BYTES,
  type FilePart,
  headerBytes,
  METHOD_DEFLATED,
} from '../zip/zip-format.js';

const CHUNK_BYTES = 1 << 20;
const WINDOW_BYTES = 32_768;
/** Room for `.kms-part-NNNNN-of-NNNNN`. */
const PART_SUFFIX_BYTES = 32;

/** What packing large files needs from the packer. */
export interface LargeFileContext {
  readonly writer: ArchiveWriter;
  readonly volumeLimitBytes: number;
  readonly depth: number;
  deflate(task: ChunkTask): Promise<ChunkResult>;
  bytesOf(result: ChunkResult): Uint8Array;
  release(result: ChunkResult): void;
  onBytes(sourceBytes: number): void;
}

/** A large file, and the directory that it was listed in. */
export interface LargeFile extends ListedDirectory {
  readonly path: string;
  /** Of its entry. */
  readonly name: string;
}

/** The file itself cannot be read: it becomes a line of the report, where any other error ends the run. */
export class SourceReadError extends Error {}

/** How a large file came into the archive. */
export interface LargeFileOutcome {
  readonly sizeBytes: number;
  readonly isSettled: boolean;
  readonly parts: number;
}

/** The longest stretch of a file that one volume is sure to hold as one entry. */
export function largestPartBytes(
  volumeLimitBytes: number,
  name: string,
): number {
  const room =
    volumeLimitBytes -
    END_BYTES -
    headerBytes(Buffer.byteLength(name) + PART_SUFFIX_BYTES, true);

  return Math.max(0, Math.floor((room - 128) * (8192 / 8197)));
}

/**
 * Packs one large file, its chunks deflated by all workers; once more when it changed meanwhile.
 * @throws {SourceReadError} when it cannot be read; the writer stands then where it stood before
 */
export async function packLargeFile(
  context: LargeFileContext,
  file: LargeFile,
): Promise<LargeFileOutcome> {
  const first = await packOnce(context, file);
  if (first.isSettled) {
    context.writer.commit();
    return first;
  }

  await context.writer.rewind(first.mark);

  const second = await packOnce(context, file);
  context.writer.commit();

  return second;
}

async function packOnce(
  context: LargeFileContext,
  file: LargeFile,
): Promise<LargeFileOutcome & { mark: ReturnType<ArchiveWriter['mark']> }> {
  const before = measureLargeFile(file);
  const sizeBytes = Number(before.size);
  const mark = context.writer.mark();
  const largest = largestPartBytes(context.volumeLimitBytes, file.name);
  const parts = Math.max(1, Math.ceil(sizeBytes / largest));

  try {
    for (let index = 0; index < parts; index++) {
      const part: FilePart = {
        index,
        count: parts,
        offsetBytes: index * largest,
        totalBytes: sizeBytes,
      };

      await packPart(context, {
        file,
        stats: before,
        part,
        partBytes: largest,
      });
    }

    const isSettled = isUnchanged(before, file);

    return { sizeBytes, parts, mark, isSettled };
  } catch (error) {
    await context.writer.rewind(mark);
    throw error;
  }
}

/**
 * What a large file is now.
 * @throws {SourceReadError} `ENOENT` where it is gone, or its directory is not the one that was listed
 */
export function measureLargeFile({
  path,
  directory,
  identity,
  followsLinks,
}: LargeFile): BigIntStats {
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
    throw new SourceReadError(
      isGone(error) ? 'ENOENT' : (errnoOf(error) ?? messageOf(error)),
      { cause: error },
    );
  }
}

/** A file that is gone meanwhile was read whole, unless its directory is another one: then it may not be what was listed. */
function isUnchanged(before: BigIntStats, file: LargeFile): boolean {
  const { identity, directory } = file;
  if (identity && !isStillAt(directory, identity)) {
    throw new SourceReadError('ENOENT');
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

interface PartJob {
  readonly file: LargeFile;
  readonly stats: BigIntStats;
  readonly part: FilePart;
  readonly partBytes: number;
}

async function packPart(
  context: LargeFileContext,
  job: PartJob,
): Promise<void> {
  const { part, stats } = job;
  const isPart = part.count > 1;
  const { name } = job.file;
  const entryName = isPart
    ? formatPartName(name, part.index, part.count)
    : name;
  const length = Math.min(job.partBytes, part.totalBytes - part.offsetBytes);
  const headerAt = context.writer.beginEntry(
    entryName,
    codec.deflateBound(length),
  );
  const data = await writeChunks(context, [...planChunks(job, length)]);

  context.writer.endEntry(headerAt, {
    name: Buffer.from(entryName, 'utf8'),
    method: METHOD_DEFLATED,
    crc: data.crc,
    sizeBytes: data.sourceBytes,
    compressedBytes: data.compressedBytes,
    mtimeTicks: ticksOf(stats),
    mode: Number(stats.mode),
    part: isPart ? part : undefined,
  });
}

function* planChunks(job: PartJob, length: number): Generator<ChunkTask> {
  const { file, stats, part } = job;
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    yield {
      kind: 'chunk',
      path: file.path,
      followsLinks: file.followsLinks,
      identity: { dev: stats.dev, ino: stats.ino },
      offsetBytes: part.offsetBytes + at,
      lengthBytes: Math.min(CHUNK_BYTES, length - at),
      windowBytes: Math.min(at, WINDOW_BYTES),
      isLast: at + CHUNK_BYTES >= length,
    };
  }
}

/** Keeps the workers busy a few chunks ahead and writes the results in the file's order. */
async function writeChunks(
  context: LargeFileContext,
  tasks: readonly ChunkTask[],
): Promise<{ crc: number; sourceBytes: number; compressedBytes: number }> {
  const ahead: Promise<ChunkResult>[] = [];
  let [next, crc, sourceBytes, compressedBytes] = [0, 0, 0, 0];

  try {
    while (next < tasks.length || ahead.length > 0) {
      for (
        let task = tasks[next];
        task && ahead.length < context.depth;
        task = tasks[++next]
      ) {
        const deflating = context.deflate(task);
        void deflating.catch(() => undefined); // awaited below, in order
        ahead.push(deflating);
      }

      const result = await ahead[0];
      void ahead.shift();
      if (!result) break;

      context.writer.current.write(context.bytesOf(result), result.blockCrc);
      context.release(result);
      crc = combineCrc32(crc, result.crc, result.sourceBytes);
      sourceBytes += result.sourceBytes;
      compressedBytes += result.lengthBytes;
      context.onBytes(result.sourceBytes);
    }
  } finally {
    // After a failure the chunks under way still hold memory that must be given back.
    for (const result of await Promise.allSettled(ahead)) {
      if (result.status === 'fulfilled') context.release(result.value);
    }
  }

  return { crc, sourceBytes, compressedBytes };
}
