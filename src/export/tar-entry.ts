import { floorDivide, ticksOfMs } from '../platform/file-times.js';
import type { PackEntry } from './pack-entry.js';

/**
 * One file or directory of a tar archive (POSIX.1-2001, pax interchange format): a header, the content, zeros up to a multiple of
 * 512 bytes. Owners are not kept. Names of other than ASCII or of more than a header holds stand in a pax record too; times
 * that eleven octal digits cannot say (before 1970, after 2242) stand in binary, as GNU tar writes them and everybody reads them.
 */

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const LAST_OCTAL_SECOND = 8n ** 11n - 1n;
const MODES = { file: 0o600, directory: 0o700 };
/** Values of the header's field "typeflag". */
const TYPES = { file: '0', directory: '5', pax: 'x' };

/** The blocks behind the last entry. */
export const TAR_END = Buffer.alloc(2 * BLOCK_BYTES);

/** The pieces of an entry, in their order. */
export function formatTarEntry({
  name,
  bytes,
  modifiedAt,
}: PackEntry): Buffer[] {
  const seconds = floorDivide(ticksOfMs(modifiedAt.getTime()), 10_000_000n);
  const kind = bytes ? 'file' : 'directory';
  const content = bytes ?? EMPTY;
  const encoded = Buffer.from(bytes ? name : asDirectory(name));
  const split = splitName(encoded);
  const cutName = { prefix: EMPTY, name: encoded.subarray(0, NAME_BYTES) };

  const header = formatHeader(split ?? cutName, {
    type: TYPES[kind],
    mode: MODES[kind],
    sizeBytes: content.length,
    seconds,
  });

  const isPlain = split !== undefined && encoded.every((byte) => byte < 0x80);

  return [
    ...(isPlain ? [] : formatPax('path', encoded, seconds)),
    header,
    ...padded(content),
  ];
}

const EMPTY = Buffer.alloc(0);

/** The name of a directory with its `/`. */
function asDirectory(name: string): string {
  return name.endsWith('/') ? name : `${name}/`;
}

interface SplitName {
  readonly prefix: Buffer;
  readonly name: Buffer;
}

/** A longer name is cut at a slash, where there is one in the right place. */
function splitName(name: Buffer): SplitName | undefined {
  if (name.length <= NAME_BYTES) return { prefix: EMPTY, name };
  const at = name.lastIndexOf('/', PREFIX_BYTES);
  const rest = name.subarray(at + 1);
  return at > 0 && rest.length > 0 && rest.length <= NAME_BYTES
    ? { prefix: name.subarray(0, at), name: rest }
    : undefined;
}

interface HeaderFacts {
  readonly type: string;
  readonly mode: number;
  readonly sizeBytes: number;
  /** Since 1970-01-01 UTC. */
  readonly seconds: bigint;
}

function formatHeader(
  place: SplitName,
  { type, mode, sizeBytes, seconds }: HeaderFacts,
): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.set(place.name, 0);
  putOctal(header, 100, 8, BigInt(mode));
  putOctal(header, 108, 8, 0n); // user
  putOctal(header, 116, 8, 0n); // group
  putOctal(header, 124, 12, BigInt(sizeBytes));
  putTime(header, 136, seconds);
  header.fill(' ', 148, 156); // the checksum counts as spaces
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.set(place.prefix, 345);

  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');

  return header;
}

/** Digits that fill the field but for its last byte, which is zero. */
function putOctal(
  header: Buffer,
  at: number,
  fieldBytes: number,
  value: bigint,
): void {
  header.write(value.toString(8).padStart(fieldBytes - 1, '0'), at, 'latin1');
}

/** Writes a time: in octal digits, or where they cannot hold it, as a two's complement of 95 bits behind a marking bit. */
function putTime(header: Buffer, at: number, seconds: bigint): void {
  if (seconds >= 0n && seconds <= LAST_OCTAL_SECOND) {
    putOctal(header, at, 12, seconds);
    return;
  }

  const binary = (1n << 95n) | BigInt.asUintN(95, seconds);
  header.write(binary.toString(16).padStart(24, '0'), at, 'hex');
}

/** A record that holds for the next entry: `LENGTH KEY=VALUE` and a line feed, the length its own digits counted. */
function formatPax(key: string, value: Buffer, seconds: bigint): Buffer[] {
  const text = Buffer.concat([
    Buffer.from(` ${key}=`),
    value,
    Buffer.from('\n'),
  ]);

  let length = text.length + 1;

  while (String(length).length + text.length !== length) {
    length = String(length).length + text.length;
  }

  const record = Buffer.concat([Buffer.from(String(length)), text]);
  const place = { prefix: EMPTY, name: Buffer.from('PaxHeader') };

  const header = formatHeader(place, {
    type: TYPES.pax,
    mode: MODES.file,
    sizeBytes: record.length,
    seconds,
  });

  return [header, ...padded(record)];
}

function padded(bytes: Buffer): Buffer[] {
  if (bytes.length === 0) return [];
  return [
    bytes,
    Buffer.alloc((BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES),
  ];
}
