import { readEntries } from './central-directory.js';
import {
  type CentralDirectoryPlace,
  centralHeaderLength,
  centralHeaderWindows,
} from './central-headers.js';
import type { EntryTable } from './entry-table.js';
import {
  findCentralDirectory,
  parsePlainCentralDirectory,
} from './plain-central-directory.js';
import type { RandomAccessSource } from './source.js';
import { CENTRAL_FIXED_BYTES, CENTRAL_SIGNATURE } from './zip-format.js';

/** More than the central header of a text needs. */
const EDGE_BYTES = 4 << 10;

/** A table of the one entry of that name; plain directories are not parsed whole for it, nor read whole where it is their first or last. */
export async function findEntry(
  source: RandomAccessSource,
  name: string,
): Promise<EntryTable | undefined> {
  const place = await findCentralDirectory(source);
  const header =
    place &&
    ((await readEdge(source, place, name)) ??
      (await scanFor(source, place, name)));

  const plain =
    header && parsePlainCentralDirectory({ bytes: header, entries: 1 });

  if (plain) {
    plain.setExtentEnd(0, place.offset);
    return plain;
  }

  const { table } = await readEntries(source);
  for (let index = 0; index < table.count; index++) {
    if (table.name(index) === name) return table.gather([index]);
  }

  return undefined;
}

/** The central header of that name where it is the directory's first or last: the texts of ours and of the server's archives. */
async function readEdge(
  source: RandomAccessSource,
  place: CentralDirectoryPlace,
  name: string,
): Promise<Buffer | undefined> {
  const length = Math.min(place.length, EDGE_BYTES);
  const head = await source.read(place.offset, length);
  if (isHeaderOf(head, 0, name)) {
    return head.subarray(0, centralHeaderLength(head, 0));
  }

  const tail = await source.read(place.offset + place.length - length, length);
  const at = tail.lastIndexOf(name) - CENTRAL_FIXED_BYTES;
  const isLast =
    isHeaderOf(tail, at, name) &&
    at + centralHeaderLength(tail, at) === tail.length;

  return isLast ? tail.subarray(at) : undefined;
}

async function scanFor(
  source: RandomAccessSource,
  place: CentralDirectoryPlace,
  name: string,
): Promise<Buffer | undefined> {
  for await (const headers of centralHeaderWindows(source, place)) {
    const header = headers.find(({ bytes, at }) => isHeaderOf(bytes, at, name));
    if (header) {
      return header.bytes.subarray(header.at, header.at + header.length);
    }
  }

  return undefined;
}

function isHeaderOf(bytes: Buffer, at: number, name: string): boolean {
  const nameAt = at + CENTRAL_FIXED_BYTES;
  return (
    at >= 0 &&
    nameAt + name.length <= bytes.length &&
    bytes.readUInt32LE(at) === CENTRAL_SIGNATURE &&
    bytes.readUInt16LE(at + 28) === name.length &&
    bytes.toString('latin1', nameAt, nameAt + name.length) === name
  );
}
