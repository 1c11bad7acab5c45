import { constants, crc32, deflateRawSync } from 'node:zlib';

/**
 * A zip generator for tests alone that can lie in every field (field names and offsets: APPNOTE 6.3.10, 4.3.7 to
 * 4.3.16). It shares no code with what it tests. What is not said is filled in truthfully.
 */

/** The fields that a local file header and a central directory header share. */
export interface HeaderFields {
  readonly signature?: number;
  readonly versionNeeded?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly dosTime?: number;
  readonly dosDate?: number;
  readonly crc?: number;
  readonly compressedSize?: number;
  readonly size?: number;
  readonly name?: string | Uint8Array;
  readonly extra?: Uint8Array;
  /** Lies about the length of the name that follows. */
  readonly nameLength?: number;
  readonly extraLength?: number;
}

/** The fields that only a central directory header has. */
export interface CentralFields extends HeaderFields {
  readonly versionMadeBy?: number;
  readonly disk?: number;
  readonly internalAttributes?: number;
  readonly externalAttributes?: number;
  readonly offset?: number;
  readonly comment?: string | Uint8Array;
  readonly commentLength?: number;
}

/** One entry. Fields given here go into both headers; those under `local` and `central` into one alone. */
export interface EntrySpec extends CentralFields {
  readonly name: string | Uint8Array;
  /** What the entry holds; deflated unless `method` is 0. */
  readonly content?: string | Uint8Array;
  /** The bytes that stand in the file, instead of what `content` would give. */
  readonly raw?: Uint8Array;
  readonly local?: HeaderFields;
  readonly central?: CentralFields;
  /** Sizes and CRC follow the data; flag 8 is set and the local header holds zeros, unless it says otherwise. */
  readonly descriptor?: 'signature' | 'bare' | 'zip64';
  /** Sizes and offset go into Zip64 extra fields. */
  readonly zip64?: boolean;
  /** Junk before the local header. */
  readonly before?: Uint8Array;
  /** No local header and no data: the central header points at those of the entry with this index. */
  readonly sharesDataOf?: number;
  /** The local header stands, the central directory does not know it. */
  readonly isOrphan?: boolean;
}

/** What lies around the entries, and what the end record claims. */
export interface ZipSpec {
  readonly prefix?: Uint8Array;
  /** Whether offsets count from the start of the prefix (default) or from its end, as `cat stub zip` gives. */
  readonly offsetsIgnorePrefix?: boolean;
  readonly beforeCentral?: Uint8Array;
  readonly beforeEnd?: Uint8Array;
  readonly comment?: string | Uint8Array;
  readonly trailing?: Uint8Array;
  /** Writes a Zip64 end record and locator and fills the classic one with ones. */
  readonly zip64End?: boolean;
  readonly end?: {
    readonly signature?: number;
    readonly disk?: number;
    readonly centralDisk?: number;
    readonly entriesOnDisk?: number;
    readonly entries?: number;
    readonly centralSize?: number;
    readonly centralOffset?: number;
    readonly commentLength?: number;
  };
}

interface Placed {
  readonly spec: EntrySpec;
  readonly data: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/** The bytes of a zip file as `entries` and `spec` describe it, lies included. */
export function buildZip(
  entries: readonly EntrySpec[],
  spec: ZipSpec = {},
): Buffer {
  const parts: Uint8Array[] = [spec.prefix ?? none];
  let length =
    spec.offsetsIgnorePrefix === true ? 0 : (spec.prefix?.length ?? 0);
  const put = (part: Uint8Array = none): void => {
    parts.push(part);
    length += part.length;
  };

  const placed: Placed[] = [];
  for (const entry of entries) {
    put(entry.before);
    const one = placeEntry(entry, length, placed);
    placed.push(one);
    if (entry.sharesDataOf === undefined) {
      for (const part of localParts(one)) put(part);
    }
  }

  put(spec.beforeCentral);
  const centralOffset = length;
  const known = placed.filter((one) => one.spec.isOrphan !== true);
  for (const one of known) put(centralHeader(one));
  const centralSize = length - centralOffset;
  put(spec.beforeEnd);
  put(
    endRecords(spec, {
      count: known.length,
      centralSize,
      centralOffset,
      position: length,
    }),
  );
  put(spec.trailing);
  return Buffer.concat(parts);
}

function localParts(one: Placed): Uint8Array[] {
  return [
    localHeader(one),
    one.data,
    one.spec.descriptor ? dataDescriptor(one) : none,
  ];
}

function placeEntry(
  spec: EntrySpec,
  offset: number,
  placed: readonly Placed[],
): Placed {
  const shared =
    spec.sharesDataOf === undefined ? undefined : placed[spec.sharesDataOf];
  if (shared) return { ...shared, spec };
  const content = toBytes(spec.content ?? '');
  const data =
    spec.raw ?? (spec.method === 0 ? content : deflateRawSync(content));
  return { spec, data, crc: crc32(content), size: content.length, offset };
}

const SIXTY_FOUR_BITS = 0xffffffff;

const DEFAULTS = {
  flags: 0,
  method: 8,
  dosTime: 0x6000,
  dosDate: 0x5d76,
  versionMadeBy: 20,
  disk: 0,
  internalAttributes: 0,
  externalAttributes: 0,
  comment: '',
} as const;

/** What an honest header of this entry says, before the lies. */
function honestFields(
  one: Placed,
  extra: Uint8Array,
): typeof DEFAULTS & HonestFields {
  return {
    ...DEFAULTS,
    versionNeeded: one.spec.zip64 === true ? 45 : 20,
    crc: one.crc,
    compressedSize: one.data.length,
    size: one.size,
    extra,
    name: one.spec.name,
    offset: one.offset,
  };
}

interface HonestFields {
  readonly versionNeeded: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly extra: Uint8Array;
  readonly name: string | Uint8Array;
  readonly offset: number;
}

const UNKNOWN_YET = { crc: 0, compressedSize: 0, size: 0 };

function localHeader(one: Placed): Buffer {
  const { spec } = one;
  const claimed = {
    size: one.size,
    compressedSize: one.data.length,
    ...bothFields(spec),
    ...spec.local,
  };
  const wide =
    spec.zip64 === true
      ? zip64Extra(claimed.size, claimed.compressedSize)
      : none;
  const f = {
    signature: 0x04034b50,
    ...honestFields(one, wide),
    ...(spec.descriptor === undefined ? {} : UNKNOWN_YET),
    ...bothFields(spec),
    ...spec.local,
  };
  const [name, extra] = [toBytes(f.name), f.extra];
  const lengths = {
    nameLength: name.length,
    extraLength: extra.length,
    ...bothFields(spec),
    ...spec.local,
  };
  const header = Buffer.alloc(30);
  header.writeUInt32LE(f.signature, 0);
  header.writeUInt16LE(f.versionNeeded, 4);
  writeSharedFields(header, 6, wideSizes(spec, f));
  header.writeUInt16LE(lengths.nameLength, 26);
  header.writeUInt16LE(lengths.extraLength, 28);
  return Buffer.concat([header, name, extra]);
}

function centralHeader(one: Placed): Buffer {
  const { spec } = one;
  const lies = { ...bothFields(spec), ...spec.central };
  const claimed = {
    size: one.size,
    compressedSize: one.data.length,
    offset: one.offset,
    ...lies,
  };
  const wide =
    spec.zip64 === true
      ? zip64Extra(claimed.size, claimed.compressedSize, claimed.offset)
      : none;
  const f = { signature: 0x02014b50, ...honestFields(one, wide), ...lies };
  const [name, extra, comment] = [toBytes(f.name), f.extra, toBytes(f.comment)];
  const honestLengths = {
    nameLength: name.length,
    extraLength: extra.length,
    commentLength: comment.length,
  };
  const lengths = { ...honestLengths, ...lies };
  const header = Buffer.alloc(46);
  header.writeUInt32LE(f.signature, 0);
  header.writeUInt16LE(f.versionMadeBy, 4);
  header.writeUInt16LE(f.versionNeeded, 6);
  writeSharedFields(header, 8, wideSizes(spec, f));
  header.writeUInt16LE(lengths.nameLength, 28);
  header.writeUInt16LE(lengths.extraLength, 30);
  header.writeUInt16LE(lengths.commentLength, 32);
  header.writeUInt16LE(f.disk, 34);
  header.writeUInt16LE(f.internalAttributes, 36);
  header.writeUInt32LE(f.externalAttributes >>> 0, 38);
  header.writeUInt32LE(spec.zip64 === true ? SIXTY_FOUR_BITS : f.offset, 42);
  return Buffer.concat([header, name, extra, comment]);
}

type SharedFields = Required<
  Pick<
    HeaderFields,
    'method' | 'dosTime' | 'dosDate' | 'crc' | 'compressedSize' | 'size'
  >
> & {
  readonly flags: number;
};

function wideSizes(spec: EntrySpec, f: SharedFields): SharedFields {
  const flags = f.flags | (spec.descriptor === undefined ? 0 : 8);
  return spec.zip64 === true
    ? { ...f, flags, compressedSize: SIXTY_FOUR_BITS, size: SIXTY_FOUR_BITS }
    : { ...f, flags };
}

/** Flags to uncompressed size: the same in both headers, at another place. */
function writeSharedFields(header: Buffer, at: number, f: SharedFields): void {
  header.writeUInt16LE(f.flags, at);
  header.writeUInt16LE(f.method, at + 2);
  header.writeUInt16LE(f.dosTime, at + 4);
  header.writeUInt16LE(f.dosDate, at + 6);
  header.writeUInt32LE(f.crc, at + 8);
  header.writeUInt32LE(f.compressedSize, at + 12);
  header.writeUInt32LE(f.size, at + 16);
}

function dataDescriptor(one: Placed): Buffer {
  const { spec } = one;
  const [crc, packed, size] = [
    spec.crc ?? one.crc,
    spec.compressedSize ?? one.data.length,
    spec.size ?? one.size,
  ];
  const isWide = spec.descriptor === 'zip64';
  const body = Buffer.alloc(isWide ? 20 : 12);
  body.writeUInt32LE(crc, 0);
  if (isWide) {
    body.writeBigUInt64LE(BigInt(packed), 4);
    body.writeBigUInt64LE(BigInt(size), 12);
  } else {
    body.writeUInt32LE(packed, 4);
    body.writeUInt32LE(size, 8);
  }

  return spec.descriptor === 'bare'
    ? body
    : Buffer.concat([Buffer.from('PK\x07\x08', 'latin1'), body]);
}

interface Counted {
  readonly count: number;
  readonly centralSize: number;
  readonly centralOffset: number;
  /** Where the first end record stands. */
  readonly position: number;
}

function endRecords(spec: ZipSpec, counted: Counted): Buffer {
  const comment = toBytes(spec.comment ?? '');
  const isWide = spec.zip64End === true;
  const honest = {
    centralSize: counted.centralSize,
    centralOffset: counted.centralOffset,
    entries: counted.count,
  };
  const end = {
    ...honest,
    entriesOnDisk: spec.end?.entries ?? counted.count,
    ...spec.end,
  };
  const ones = {
    entriesOnDisk: 0xffff,
    entries: 0xffff,
    centralSize: SIXTY_FOUR_BITS,
    centralOffset: SIXTY_FOUR_BITS,
  };
  const f = {
    signature: 0x06054b50,
    disk: 0,
    centralDisk: 0,
    commentLength: comment.length,
    ...end,
    ...(isWide ? ones : {}),
  };
  const record = Buffer.alloc(22);
  record.writeUInt32LE(f.signature, 0);
  record.writeUInt16LE(f.disk, 4);
  record.writeUInt16LE(f.centralDisk, 6);
  record.writeUInt16LE(f.entriesOnDisk & 0xffff, 8);
  record.writeUInt16LE(f.entries & 0xffff, 10);
  record.writeUInt32LE(f.centralSize, 12);
  record.writeUInt32LE(f.centralOffset, 16);
  record.writeUInt16LE(f.commentLength, 20);
  return Buffer.concat([
    isWide ? zip64End(end, counted.position) : none,
    record,
    comment,
  ]);
}

interface EndClaims {
  readonly entries: number;
  readonly entriesOnDisk: number;
  readonly centralSize: number;
  readonly centralOffset: number;
}

function zip64End(end: EndClaims, position: number): Buffer {
  const both = Buffer.alloc(56 + 20);
  both.writeUInt32LE(0x06064b50, 0);
  both.writeBigUInt64LE(44n, 4);
  both.writeUInt16LE(45, 12);
  both.writeUInt16LE(45, 14);
  both.writeBigUInt64LE(BigInt(end.entriesOnDisk), 24);
  both.writeBigUInt64LE(BigInt(end.entries), 32);
  both.writeBigUInt64LE(BigInt(end.centralSize), 40);
  both.writeBigUInt64LE(BigInt(end.centralOffset), 48);
  both.writeUInt32LE(0x07064b50, 56);
  both.writeBigUInt64LE(BigInt(position), 64);
  both.writeUInt32LE(1, 72);
  return both;
}

function zip64Extra(...values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(values.length * 8, 2);
  values.forEach((value, i) =>
    extra.writeBigUInt64LE(BigInt(value), 4 + i * 8),
  );
  return extra;
}

const none = Buffer.alloc(0);

function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
}

/** The fields of an entry that go into its headers, without what only the generator reads. */
function bothFields(spec: EntrySpec): CentralFields {
  const NOT_FIELDS = [
    'content',
    'raw',
    'local',
    'central',
    'descriptor',
    'zip64',
    'before',
    'sharesDataOf',
    'isOrphan',
  ];
  return Object.fromEntries(
    Object.entries(spec).filter(([key]) => !NOT_FIELDS.includes(key)),
  );
}

/** A raw deflate stream of `mebibytes` MiB of zeros, about a thousandth as long, with its CRC-32: made to burst. */
export function deflatedZeros(mebibytes: number): {
  raw: Buffer;
  crc: number;
  size: number;
} {
  const zeros = Buffer.alloc(1 << 20);
  const block = deflateRawSync(zeros, {
    level: 9,
    finishFlush: constants.Z_FULL_FLUSH,
  });
  let crc = 0;
  for (let i = 0; i < mebibytes; i++) crc = crc32(zeros, crc);
  const parts: Buffer[] = Array.from({ length: mebibytes }, () => block);
  return {
    raw: Buffer.concat([...parts, Buffer.from([3, 0])]),
    crc,
    size: mebibytes << 20,
  };
}

/** The fully overlapping bomb: `count` names, one piece of data that bursts to `mebibytes` MiB for each of them. */
export function overlappingBomb(count: number, mebibytes: number): EntrySpec[] {
  const kernel = deflatedZeros(mebibytes);
  const first: EntrySpec = {
    name: '0',
    raw: kernel.raw,
    crc: kernel.crc,
    size: kernel.size,
  };
  const rest = Array.from({ length: count - 1 }, (_, i) => ({
    name: String(i + 1),
    sharesDataOf: 0,
    crc: kernel.crc,
    size: kernel.size,
  }));
  return [first, ...rest];
}

/**
 * The quoting bomb: each entry is a stored deflate block that holds the next entry's local header, so that every local
 * header is equal to its central one and only the overlap gives it away.
 */
export function quotingBomb(count: number, mebibytes: number): Buffer {
  const kernel = deflatedZeros(mebibytes);
  let file: Buffer = Buffer.concat([
    bombLocal(count - 1, kernel.raw.length, kernel),
    kernel.raw,
  ]);
  let { crc, size } = kernel;
  let plain = 30 + String(count - 1).length;
  const central: {
    length: number;
    crc: number;
    size: number;
    distance: number;
  }[] = [{ length: kernel.raw.length, crc, size, distance: file.length }];
  const zeros = Buffer.alloc(1 << 20);
  for (let i = count - 2; i >= 0; i--) {
    const quoted = file.subarray(0, plain);
    const block = Buffer.alloc(5);
    block.writeUInt16LE(quoted.length, 1);
    block.writeUInt16LE(quoted.length ^ 0xffff, 3);
    const packed = 5 + file.length;
    crc = crcOfQuotes(file, plain, central.length, { zeros, mebibytes });
    size += quoted.length;
    file = Buffer.concat([bombLocal(i, packed, { crc, size }), block, file]);
    plain = 30 + String(i).length;
    central.unshift({ length: packed, crc, size, distance: file.length });
  }

  return Buffer.concat([file, ...bombCentral(central, file.length)]);
}

function crcOfQuotes(
  file: Buffer,
  plain: number,
  quotes: number,
  end: { zeros: Buffer; mebibytes: number },
): number {
  let crc = 0;
  let [at, length] = [0, plain];
  for (let q = 0; q < quotes; q++) {
    crc = crc32(file.subarray(at, at + length), crc);
    at += length + 5;
    length = q + 1 < quotes ? 30 + file.readUInt16LE(at + 26) : 0;
  }

  for (let i = 0; i < end.mebibytes; i++) crc = crc32(end.zeros, crc);
  return crc;
}

function bombLocal(
  index: number,
  packed: number,
  claims: { crc: number; size: number },
): Buffer {
  const name = Buffer.from(String(index));
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(8, 8);
  header.writeUInt16LE(0x5d76, 12);
  header.writeUInt32LE(claims.crc, 14);
  header.writeUInt32LE(packed, 18);
  header.writeUInt32LE(claims.size, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function bombCentral(
  entries: readonly {
    length: number;
    crc: number;
    size: number;
    distance: number;
  }[],
  centralOffset: number,
): Buffer[] {
  const headers = entries.map((entry, i) => {
    const local = bombLocal(i, entry.length, entry);
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(20, 4);
    local.copy(header, 6, 4, 30);
    header.writeUInt32LE(centralOffset - entry.distance, 42);
    return Buffer.concat([header, local.subarray(30)]);
  });
  const centralSize = headers.reduce((sum, header) => sum + header.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(centralSize, 12);
  end.writeUInt32LE(centralOffset, 16);
  return [...headers, end];
}
