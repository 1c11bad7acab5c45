import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { errnoOf } from '../errors.js';
import { serveTasks } from '../platform/worker-port.js';
import type { StatResult, StatTask } from './stat-tasks.js';

const buffer = Buffer.allocUnsafeSlow(1 << 20);

serveTasks(({ directory, names, withCrc }: StatTask): StatResult => {
  const count = names.length;
  const result = {
    sizes: new Float64Array(count),
    mtimes: new BigInt64Array(count),
    modes: new Uint16Array(count),
    crcs: new Uint32Array(withCrc ? count : 0),
  };
  names.forEach((name, index) => {
    const path = `${directory}/${name}`;
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stats) {
      result.sizes[index] = -1;
      return;
    }
    result.sizes[index] = Number(stats.size);
    result.mtimes[index] = stats.mtimeNs;
    result.modes[index] = Number(stats.mode);
    if (withCrc) result.crcs[index] = checksum(path);
  });
  return result;
});

/** 0 for a file that cannot be read: it is packed, and reported there. */
function checksum(path: string): number {
  try {
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0));
    try {
      let crc = 0;
      for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
        crc = crc32(buffer.subarray(0, read), crc);
      }
      return crc;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}
