import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { errnoOf, messageOf } from '../errors.js';
import { serveTasks } from '../platform/worker-port.js';
import { createEntryFile, type EntryFile } from './entry-files.js';
import { EntryTable } from './entry-table.js';
import { checkLocalHeader, EntryDamage } from './local-header.js';
import type { ReadProblem, ReadResult, ReadTask } from './read-tasks.js';
import { openVolume } from './open-volume.js';
import { readRange } from './source.js';
import { METHOD_STORED } from './zip-format.js';

const LARGEST_LOCAL_HEADER_BYTES = 30 + 2 * 65_535;

let range = Buffer.allocUnsafeSlow(4 << 20);

serveTasks(async (task: ReadTask): Promise<ReadResult> => {
  const table = new EntryTable(task.columns);
  const problems: ReadProblem[] = [];
  let bytes = 0;
  if (!task.isLarge) {
    const length = task.endBytes - task.startBytes;
    if (length > range.length) range = Buffer.allocUnsafeSlow(length);
    readRange(openVolume(task.volumePath), range, task.startBytes, length);
  }
  for (let index = 0; index < table.count; index++) {
    try {
      if (task.isLarge) await readLarge(task, table, index);
      else readSmall(task, table, index);
      bytes += table.size(index);
    } catch (error) {
      const reason = damageOf(error);
      if (reason === undefined) throw error;
      problems.push({ name: table.name(index), reason });
    }
  }
  return { entries: table.count, bytes, problems };
});

/** The reason where an entry is at fault; undefined where the target's file system is, which ends the run. */
function damageOf(error: unknown): string | undefined {
  if (error instanceof EntryDamage) return error.message;
  const code = errnoOf(error);
  if (code === 'ERR_BUFFER_TOO_LARGE') return 'it inflates to more than its declared size';
  if (code?.startsWith('Z_')) return `its compressed data are broken (${messageOf(error)})`;
  return code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR' ? 'another entry has its place' : undefined;
}

function readSmall(task: ReadTask, table: EntryTable, index: number): void {
  const from = table.headerOffset(index) - task.startBytes;
  const entry = range.subarray(from, table.extentEnd(index) - task.startBytes);
  const dataStart = checkLocalHeader(entry, table, index);
  const dataEnd = dataStart + table.compressedSize(index);
  if (dataEnd > entry.length) throw new EntryDamage('its data reach into the next entry');
  const data = inflateExactly(entry.subarray(dataStart, dataEnd), table, index);
  if (crc32(data) !== table.crc(index)) throw new EntryDamage('its checksum is wrong');
  const file = createEntryFile(table, index, task.rules);
  if (!file) return;
  writeWhole(file, data);
}

function writeWhole(file: EntryFile, data: Uint8Array): void {
  try {
    file.write(data);
  } catch (error) {
    file.abandon();
    throw error;
  }
  file.finish();
}

function inflateExactly(compressed: Buffer, table: EntryTable, index: number): Buffer {
  const size = table.size(index);
  if (table.method(index) === METHOD_STORED) {
    if (compressed.length !== size) throw new EntryDamage('it is stored, but its two sizes differ');
    return compressed;
  }
  const options = { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size), info: true };
  // The types of Node do not know `info`: it adds the engine, which counts what it took.
  const { buffer, engine } = inflateRawSync(compressed, options) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  if (buffer.length !== size) throw new EntryDamage(`it inflates to ${buffer.length} bytes, declared are ${size}`);
  if (engine.bytesWritten !== compressed.length) throw new EntryDamage('bytes follow its compressed data');
  return buffer;
}

/** Streams one entry: neither it nor what it inflates to is ever held whole. */
async function readLarge(task: ReadTask, table: EntryTable, index: number): Promise<void> {
  const start = table.headerOffset(index);
  const headBytes = Math.min(LARGEST_LOCAL_HEADER_BYTES, table.extentEnd(index) - start);
  const head = Buffer.allocUnsafe(headBytes);
  readRange(openVolume(task.volumePath), head, start, headBytes);
  const dataStart = start + checkLocalHeader(head, table, index);
  const dataEnd = dataStart + table.compressedSize(index);
  if (dataEnd > table.extentEnd(index)) throw new EntryDamage('its data reach into the next entry');
  const file = createEntryFile(table, index, task.rules);
  try {
    await streamEntry(task.volumePath, { dataStart, dataEnd, table, index }, file);
  } catch (error) {
    file?.abandon();
    throw error;
  }
  file?.finish();
}

interface LargeEntry {
  readonly dataStart: number;
  readonly dataEnd: number;
  readonly table: EntryTable;
  readonly index: number;
}

async function streamEntry(path: string, entry: LargeEntry, file: EntryFile | undefined): Promise<void> {
  const { table, index, dataStart, dataEnd } = entry;
  const limit = table.size(index);
  let size = 0;
  let crc = 0;
  const check = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > limit) throw new EntryDamage('it inflates to more than its declared size');
      crc = crc32(chunk, crc);
      file?.write(chunk);
    }
  };
  const input =
    dataEnd > dataStart
      ? createReadStream(path, { start: dataStart, end: dataEnd - 1, highWaterMark: 1 << 20 })
      : (async function* () {})();
  if (table.method(index) === METHOD_STORED) await pipeline(input, check);
  else {
    const inflate = createInflateRaw({ chunkSize: 1 << 18 });
    await pipeline(input, inflate, check);
    if (inflate.bytesWritten !== dataEnd - dataStart) throw new EntryDamage('bytes follow its compressed data');
  }
  if (size !== limit) throw new EntryDamage(`it holds ${size} bytes, declared are ${limit}`);
  if (crc !== table.crc(index)) throw new EntryDamage('its checksum is wrong');
}
