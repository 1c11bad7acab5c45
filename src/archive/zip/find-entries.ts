import type { EntryTable } from './entry-table.js';
import {
  parsePlainCentralDirectory,
  readCentralDirectory,
} from './plain-central-directory.js';
import type { RandomAccessSource } from './source.js';
import {
  CENTRAL,
  CENTRAL_FIXED_BYTES,
  CENTRAL_SIGNATURE,
} from './zip-format.js';
import { centralHeaderLength } from './central-headers.js';

/**
 * A table of the few entries of these names, which the directory is not parsed for. Undefined where it is out of the
 * ordinary.
 */
export async function findEntries(
  source: RandomAccessSource,
  names: readonly string[],
): Promise<EntryTable | undefined> {
  const central = await readCentralDirectory(source);
  if (!central) return undefined;

  const headers = names.flatMap((name) => headersOf(central.bytes, name));
  const table = parsePlainCentralDirectory({
    bytes: Buffer.concat(headers),
    entries: headers.length,
  });

  for (let index = 0; index < headers.length; index++) {
    table?.setExtentEnd(index, central.offset);
  }

  return table;
}

/** The central headers of a name. */
function headersOf(central: Buffer, name: string): Buffer[] {
  const wanted = Buffer.from(name);
  const headers: Buffer[] = [];

  for (
    let at = central.indexOf(wanted);
    at >= 0;
    at = central.indexOf(wanted, at + 1)
  ) {
    const start = at - CENTRAL_FIXED_BYTES;
    if (!isHeader(central, start, wanted.length)) continue;

    headers.push(
      central.subarray(start, start + centralHeaderLength(central, start)),
    );
  }

  return headers;
}

function isHeader(central: Buffer, start: number, nameLength: number): boolean {
  return (
    start >= 0 &&
    central.readUInt32LE(start) === CENTRAL_SIGNATURE &&
    central.readUInt16LE(start + CENTRAL.nameLength) === nameLength
  );
}
