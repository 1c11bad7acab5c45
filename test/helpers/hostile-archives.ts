import { deflateRawSync } from 'node:zlib';
import {
  buildZip,
  deflatedZeros,
  overlappingBomb,
  type EntrySpec,
  type ZipSpec,
} from './zip-builder.js';

/** What a safe tool does with an archive: recovers it whole, refuses it, or may do either as long as it does no harm. */
export type Expectation = 'accept' | 'refuse' | 'either';

export interface HostileKind {
  /** Completes the sentence: an archive with … */
  readonly what: string;
  readonly expected: Expectation;
  readonly bytes: () => Buffer;
  /** Name below the store and content of what must be there after an accepted recover. */
  readonly recovered?: Readonly<Record<string, string>>;
}

const STORE = '@backup/store/';
const INBOX = 'mail/example.com/alice/INBOX/#msgs/';
const GOOD: EntrySpec = {
  name: `${STORE}${INBOX}00000001.eml`,
  content: 'a good message\r\n',
};
const EVIL_NAME = `${STORE}${INBOX}00000002.eml`;
const TEXT = 'Subject: evil\r\n\r\nbody body body body\r\n';
const UNIX = 0x0314;
const NONE = {};

export interface ArchiveShape {
  readonly zip?: ZipSpec;
  readonly summary?: 'missing' | 'miscounted' | EntrySpec;
  readonly version?: 'missing' | EntrySpec;
  /** Text of mailserver.cfg; none is put in by default. */
  readonly config?: string;
}

/** An archive in the mail server's layout with one good message, `entries` after it, and a summary that counts right. */
export function archiveWith(
  entries: readonly EntrySpec[],
  shape: ArchiveShape = {},
): Buffer {
  const config: EntrySpec[] =
    shape.config === undefined
      ? []
      : [{ name: 'mailserver.cfg', content: shape.config }];
  const body = [...config, GOOD, ...entries];
  const version: EntrySpec[] =
    shape.version === 'missing' ? [] : [shape.version ?? versionEntry()];
  const summary: EntrySpec[] =
    shape.summary === 'missing'
      ? []
      : [
          typeof shape.summary === 'object'
            ? shape.summary
            : countOf(body, shape),
        ];
  return buildZip([...version, ...body, ...summary], shape.zip);
}

function versionEntry(): EntrySpec {
  return {
    name: '.version.txt',
    content:
      'started  = 2026-11-22 02:00:00\nversion  = 1\nhostname = mail.example.com\n',
  };
}

function countOf(
  entries: readonly EntrySpec[],
  shape: ArchiveShape,
): EntrySpec {
  const files = entries.filter(
    ({ name, isOrphan }) => !isOrphan && !String(name).endsWith('/'),
  );
  const sizes = files.map(
    (entry) =>
      entry.central?.size ??
      entry.size ??
      Buffer.byteLength(entry.content ?? ''),
  );
  const count = files.length + (shape.summary === 'miscounted' ? 1 : 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const text =
    'started     = 2026-11-22 02:00:00\nfinished    = 2026-11-22 02:00:01\n' +
    `count_files = ${count}\ntotal_size  = ${total}\nduration    = 00:00:01.000\n`;
  return { name: '.summary.txt', content: text };
}

const evil = (fields: Partial<EntrySpec> = {}): EntrySpec => ({
  name: EVIL_NAME,
  content: TEXT,
  ...fields,
});
const named = (
  name: string | Uint8Array,
  fields: Partial<EntrySpec> = {},
): EntrySpec => evil({ name, ...fields });

function kind(
  what: string,
  expected: Expectation,
  entries: readonly EntrySpec[],
  shape: ArchiveShape = {},
): HostileKind {
  return { what, expected, bytes: () => archiveWith(entries, shape) };
}

function accepted(
  what: string,
  entries: readonly EntrySpec[],
  shape: ArchiveShape = {},
): HostileKind {
  return {
    ...kind(what, 'accept', entries, shape),
    recovered: { [`${INBOX}00000001.eml`]: 'a good message\r\n' },
  };
}

/** Every kind of lie, one archive each. `outside` is an absolute directory that nothing may be written to. */
export function hostileKinds(outside: string): HostileKind[] {
  return [
    ...honestKinds(),
    ...unsafeNames(outside),
    ...windowsNames(),
    ...typeLies(outside),
    ...sizeLies(),
    ...headerLies(),
    ...structureLies(),
    ...clashes(),
    ...framing(),
    ...ownTexts(),
  ];
}

function honestKinds(): HostileKind[] {
  const whole = { [`${INBOX}00000002.eml`]: TEXT };
  return [
    { ...kind('nothing wrong', 'accept', [evil()]), recovered: whole },
    {
      ...kind('a stored entry', 'accept', [evil({ method: 0 })]),
      recovered: whole,
    },
    {
      ...kind('a data descriptor with its signature', 'accept', [
        evil({ descriptor: 'signature' }),
      ]),
      recovered: whole,
    },
    {
      ...kind('a data descriptor without signature', 'accept', [
        evil({ descriptor: 'bare' }),
      ]),
      recovered: whole,
    },
    {
      ...kind('a 64-bit data descriptor', 'accept', [
        evil({ descriptor: 'zip64', zip64: true }),
      ]),
      recovered: whole,
    },
    {
      ...kind('Zip64 sizes', 'accept', [evil({ zip64: true })]),
      recovered: whole,
    },
    {
      ...kind('a Zip64 end record', 'accept', [evil()], {
        zip: { zip64End: true },
      }),
      recovered: whole,
    },
    {
      ...kind('an archive comment', 'accept', [evil()], {
        zip: { comment: 'kept in the safe' },
      }),
      recovered: whole,
    },
    {
      ...kind('an entry comment', 'accept', [
        evil({ central: { comment: 'note' } }),
      ]),
      recovered: whole,
    },
    {
      ...kind('an empty file', 'accept', [evil({ content: '' })]),
      recovered: { [`${INBOX}00000002.eml`]: '' },
    },
    accepted('a directory that is named twice', [
      named(`${STORE}mail/d/`, { content: '' }),
      named(`${STORE}mail/d/`, { content: '' }),
    ]),
    accepted('a set-user-id file', [
      evil({ versionMadeBy: UNIX, externalAttributes: 0o104755 << 16 }),
    ]),
  ];
}

function unsafeNames(outside: string): HostileKind[] {
  const names: Record<string, string | Uint8Array> = {
    'an absolute name': `${outside}/absolute.txt`,
    'an absolute name below the store': `${STORE}/${outside}/x.txt`,
    'a drive letter': 'C:/evil.txt',
    'a drive letter without slash': 'C:evil.txt',
    'a UNC name with slashes': '//server/share/evil.txt',
    'a UNC name with backslashes': '\\\\server\\share\\evil.txt',
    'a device name of Windows': '\\\\?\\C:\\evil.txt',
    'a step out': '../evil.txt',
    'steps out of the store': `${STORE}../../../../evil.txt`,
    'a step out at the end': `${STORE}mail/..`,
    'a step out and in again': `${STORE}mail/../mail/evil.txt`,
    'a step out of a component': '@backup/sslcert/../../evil.txt',
    'a backslash': `${STORE}mail\\..\\..\\evil.txt`,
    'a NUL': `${STORE}${INBOX}evil.eml\0.txt`,
    'a NUL at the end': `${STORE}${INBOX}evil.eml\0`,
    'a line end': `${STORE}${INBOX}evil\n.eml`,
    'an escape character': `${STORE}${INBOX}evil\u001b[2J.eml`,
    'a delete character': `${STORE}${INBOX}evil\u007f.eml`,
    'an empty name': '',
    'a single dot': '.',
    'a dot in its path': `${STORE}./mail/evil.txt`,
    'an empty step in its path': `${STORE}mail//evil.txt`,
    'nothing but a slash': '/',
    'a name of 256 bytes': `${STORE}mail/${'x'.repeat(256)}`,
    'bytes that are no text': Buffer.from([
      ...Buffer.from(`${STORE}mail/`),
      0xff,
      0xfe,
      0x2e,
      0x65,
    ]),
  };
  const kinds = Object.entries(names).map(([what, name]) => {
    // Bytes that are no UTF-8 are code page 437 for older tools: an ordinary, if odd, name.
    return kind(
      `${what} for a name`,
      what.startsWith('bytes') ? 'either' : 'refuse',
      [named(name)],
    );
  });
  const deep = `${STORE}mail/${'d/'.repeat(4000)}x`;
  const flagged = Buffer.from([...Buffer.from(`${STORE}mail/`), 0xc3, 0x28]);
  return [
    ...kinds,
    kind('a path of 8,000 characters', 'refuse', [named(deep)]),
    kind('a name of 65,000 bytes', 'refuse', [
      named(`${STORE}${'y'.repeat(65_000)}`),
    ]),
    kind('broken UTF-8 that is marked as UTF-8', 'either', [
      named(flagged, { flags: 0x800 }),
    ]),
    kind('a second name that steps out (Info-ZIP Unicode path)', 'refuse', [
      withUnicodePath('../../evil.txt'),
    ]),
  ];
}

/** APPNOTE 4.6.9: version 1, CRC-32 of the name, the name in UTF-8; it replaces the plain name where the CRC fits. */
function withUnicodePath(path: string): EntrySpec {
  const name = `${STORE}${INBOX}00000003.eml`;
  const crcOfName = buildZip([{ name: 'n', content: name }]).readUInt32LE(14);
  const text = Buffer.from(path);
  const extra = Buffer.alloc(9);
  extra.writeUInt16LE(0x7075, 0);
  extra.writeUInt16LE(5 + text.length, 2);
  extra.writeUInt8(1, 4);
  extra.writeUInt32LE(crcOfName, 5);
  return named(name, { extra: Buffer.concat([extra, text]) });
}

function windowsNames(): HostileKind[] {
  const names = [
    'CON',
    'aux.txt',
    'COM1',
    'nul',
    'ends with a dot.',
    'ends with a space ',
    'a:b',
    'what?',
    'a|b',
  ];
  return names.map((name) => ({
    ...kind(
      `the name ${JSON.stringify(name)}, which only Windows forbids`,
      process.platform === 'win32' ? 'refuse' : 'accept',
      [named(`${STORE}${INBOX}${name}`)],
    ),
    recovered: { [`${INBOX}${name}`]: TEXT },
  }));
}

function typeLies(outside: string): HostileKind[] {
  const mode = (bits: number): Partial<EntrySpec> => ({
    versionMadeBy: UNIX,
    externalAttributes: (bits << 16) | 0,
  });
  const link = named(`${STORE}mail/link`, {
    content: outside,
    ...mode(0o120777),
  });
  return [
    kind('a symbolic link', 'refuse', [link]),
    kind('a symbolic link and a file through it', 'refuse', [
      link,
      named(`${STORE}mail/link/evil.txt`),
    ]),
    kind('a link to a relative place', 'refuse', [
      named(`${STORE}mail/link`, { content: '../../..', ...mode(0o120777) }),
    ]),
    kind('a character device', 'refuse', [
      named(`${STORE}mail/null`, { content: '', ...mode(0o020666) }),
    ]),
    kind('a block device', 'refuse', [
      named(`${STORE}mail/sda`, { content: '', ...mode(0o060660) }),
    ]),
    kind('a pipe', 'either', [
      named(`${STORE}mail/pipe`, { content: '', ...mode(0o010644) }),
    ]),
    kind('a socket', 'refuse', [
      named(`${STORE}mail/socket`, { content: '', ...mode(0o140755) }),
    ]),
    kind('a directory with content', 'refuse', [
      named(`${STORE}mail/dir/`, { content: 'data' }),
    ]),
    kind('the encrypted flag', 'refuse', [evil({ flags: 1 })]),
    kind('the strong encryption flag', 'refuse', [evil({ flags: 0x41 })]),
    kind('masked local headers', 'refuse', [evil({ flags: 0x2001 })]),
    ...[1, 2, 6, 9, 12, 14, 93, 95, 97, 98, 99].map((method) =>
      kind(`compression method ${method}`, 'refuse', [
        evil({ method, raw: Buffer.from(TEXT) }),
      ]),
    ),
  ];
}

function sizeLies(): HostileKind[] {
  const packed = deflateRawSync(Buffer.from(TEXT));
  const zeros = deflatedZeros(64);
  const cut = {
    raw: zeros.raw.subarray(0, zeros.raw.length >> 1),
    size: zeros.size,
    crc: zeros.crc,
  };
  return [
    kind('a wrong CRC', 'refuse', [evil({ crc: 0x12345678 })]),
    kind('a wrong CRC of a stored entry', 'refuse', [
      evil({ crc: 0x12345678, method: 0 }),
    ]),
    kind('a size that is too small', 'refuse', [
      evil({ size: TEXT.length - 1 }),
    ]),
    kind('a size that is too large', 'refuse', [
      evil({ size: TEXT.length + 1 }),
    ]),
    kind('a size of 4 GB from a few bytes', 'refuse', [
      evil({ size: 0xfffffffe }),
    ]),
    kind('a size of 8 EB from a few bytes', 'refuse', [
      evil({ zip64: true, size: Number.MAX_SAFE_INTEGER }),
    ]),
    kind('a compressed size that is too small', 'refuse', [
      evil({ compressedSize: packed.length - 1 }),
    ]),
    kind('a compressed size that is too large', 'refuse', [
      evil({ compressedSize: packed.length + 1 }),
    ]),
    kind('a compressed size beyond the file', 'refuse', [
      evil({ compressedSize: 0x7fffffff }),
    ]),
    kind('a stored entry whose sizes differ', 'refuse', [
      evil({ method: 0, size: TEXT.length + 5 }),
    ]),
    kind('data that burst out of their size', 'refuse', [
      evil({ raw: zeros.raw, size: 100_000, crc: 1 }),
    ]),
    kind('data that end too early', 'refuse', [evil(cut)]),
    kind('data that are no deflate stream', 'refuse', [
      evil({ raw: Buffer.from([7, 7, 7, 7]), size: 4 }),
    ]),
    kind('junk after the deflate stream', 'refuse', [
      evil({ raw: Buffer.concat([packed, Buffer.from('junk')]) }),
    ]),
    {
      ...kind('64 MB of zeros, truly', 'accept', [evil({ ...zeros })]),
      recovered: NONE,
    },
  ];
}

function headerLies(): HostileKind[] {
  const local = (fields: NonNullable<EntrySpec['local']>): EntrySpec[] => [
    evil({ local: fields }),
  ];
  const central = (fields: NonNullable<EntrySpec['central']>): EntrySpec[] => [
    evil({ central: fields }),
  ];
  return [
    kind(
      'another name in the local header',
      'refuse',
      local({ name: EVIL_NAME.replace('2.eml', '9.eml') }),
    ),
    kind(
      'a name that steps out in the local header',
      'refuse',
      local({ name: '../'.repeat(20).slice(0, EVIL_NAME.length) }),
    ),
    kind(
      'a longer name in the local header',
      'refuse',
      local({ name: `${EVIL_NAME}x` }),
    ),
    kind('another method in the local header', 'refuse', local({ method: 0 })),
    kind('another CRC in the local header', 'refuse', local({ crc: 5 })),
    kind('another size in the local header', 'refuse', local({ size: 5 })),
    kind(
      'another compressed size in the local header',
      'refuse',
      local({ compressedSize: 5 }),
    ),
    kind(
      'the encrypted flag in the local header only',
      'refuse',
      local({ flags: 1 }),
    ),
    kind(
      'a broken local signature',
      'refuse',
      local({ signature: 0x04034b51 }),
    ),
    kind(
      'a local extra field beyond the data',
      'refuse',
      local({ extraLength: 0xffff }),
    ),
    kind(
      'a local name beyond the data',
      'refuse',
      local({ nameLength: 0xffff }),
    ),
    kind('another time in the local header', 'either', local({ dosTime: 0 })),
    kind(
      'another needed version in the local header',
      'either',
      local({ versionNeeded: 63 }),
    ),
    kind(
      'a broken central signature',
      'refuse',
      central({ signature: 0x02014b51 }),
    ),
    kind(
      'a central name beyond the directory',
      'refuse',
      central({ nameLength: 0xffff }),
    ),
    kind(
      'a central extra field beyond the directory',
      'refuse',
      central({ extraLength: 0xffff }),
    ),
    kind(
      'a central comment beyond the directory',
      'refuse',
      central({ commentLength: 0xffff }),
    ),
    kind(
      'an extra field that is longer than it says',
      'either',
      central({ extra: Buffer.from([9, 9, 200, 0, 1]) }),
    ),
    kind('a disk number', 'either', central({ disk: 1 })),
    kind('an offset in the middle of data', 'refuse', central({ offset: 40 })),
    kind(
      'an offset at the end of the file',
      'refuse',
      central({ offset: 0x7ffffff0 }),
    ),
    kind('a Zip64 offset of 2^53', 'refuse', [
      evil({ zip64: true, central: { offset: Number.MAX_SAFE_INTEGER } }),
    ]),
  ];
}

/** An entry of a bomb at its place in `archiveWith`, where a version text and a good message come first. */
function inArchive(entry: EntrySpec): EntrySpec {
  const name = `${STORE}${INBOX}${String(entry.name)}.eml`;
  return entry.sharesDataOf === undefined
    ? { ...entry, name }
    : { ...entry, name, sharesDataOf: entry.sharesDataOf + 2 };
}

function structureLies(): HostileKind[] {
  const end =
    (fields: NonNullable<ZipSpec['end']>): HostileKind['bytes'] =>
    () =>
      archiveWith([evil()], { zip: { end: fields } });
  const lie = (
    what: string,
    fields: NonNullable<ZipSpec['end']>,
  ): HostileKind => ({
    what,
    expected: 'refuse',
    bytes: end(fields),
  });
  const bomb = overlappingBomb(500, 16).map(inArchive);
  const shared: EntrySpec[] = [
    evil(),
    named(`${STORE}${INBOX}00000003.eml`, { sharesDataOf: 2 }),
  ];
  return [
    lie('one entry too many in its count', { entries: 5 }),
    lie('one entry too few in its count', { entries: 3 }),
    lie('65,534 entries in its count', { entries: 0xfffe }),
    lie('two counts that differ', { entriesOnDisk: 3, entries: 4 }),
    lie('a central directory that is too small', { centralSize: 60 }),
    lie('a central directory beyond the file', { centralSize: 0x7fffffff }),
    lie('a central directory at a wrong place', { centralOffset: 0 }),
    lie('a central directory after the end', { centralOffset: 0x7fffffff }),
    lie('a disk number of its end record', { disk: 3, centralDisk: 3 }),
    lie('a comment longer than the file', { commentLength: 200 }),
    lie('a broken end record', { signature: 0x06054b51 }),
    kind('a billion entries in a Zip64 count', 'refuse', [evil()], {
      zip: { zip64End: true, end: { entries: 1e9 } },
    }),
    kind('a Zip64 directory of 2^53 bytes', 'refuse', [evil()], {
      zip: { zip64End: true, end: { centralSize: 2 ** 53 - 1 } },
    }),
    kind('a Zip64 directory beyond the file', 'refuse', [evil()], {
      zip: { zip64End: true, end: { centralOffset: 2 ** 52 } },
    }),
    kind('entries that share their data', 'refuse', bomb),
    kind('two names for one piece of data', 'refuse', shared),
  ];
}

function clashes(): HostileKind[] {
  const other = 'Subject: other\r\n';
  return [
    kind('the same name twice', 'refuse', [evil(), evil({ content: other })]),
    kind('the same name twice with the same content', 'refuse', [
      evil(),
      evil(),
    ]),
    kind('a file and a directory of one name', 'refuse', [
      evil(),
      named(`${EVIL_NAME}/`, { content: '' }),
    ]),
    kind('a file that is also the parent of another', 'refuse', [
      evil(),
      named(`${EVIL_NAME}/below.eml`),
    ]),
    kind('a parent that is a file, the other way round', 'refuse', [
      named(`${EVIL_NAME}/below.eml`),
      evil(),
    ]),
    kind('names that differ in case only', 'either', [
      evil(),
      named(EVIL_NAME.toUpperCase().replace('@BACKUP/STORE', '@backup/store')),
    ]),
    kind('names that differ in composition only', 'either', [
      named(`${STORE}${INBOX}Caf\u00e9.eml`, { flags: 0x800 }),
      named(`${STORE}${INBOX}Cafe\u0301.eml`, { flags: 0x800 }),
    ]),
    kind('a file in place of the store', 'either', [named('@backup/store')]),
  ];
}

function framing(): HostileKind[] {
  const junk = Buffer.from('junk that belongs to nobody');
  const sane = archiveWith([evil()]);
  const cut = (share: number): HostileKind => ({
    what: `its last ${Math.round((1 - share) * 100)} % cut off`,
    expected: 'refuse',
    bytes: () => sane.subarray(0, Math.floor(sane.length * share)),
  });
  const endInComment = Buffer.concat([buildZip([]), Buffer.from('after')]);
  return [
    kind('bytes before it that its offsets know', 'either', [evil()], {
      zip: { prefix: junk },
    }),
    kind('bytes before it that its offsets do not know', 'either', [evil()], {
      zip: { prefix: junk, offsetsIgnorePrefix: true },
    }),
    kind('bytes after it', 'either', [evil()], { zip: { trailing: junk } }),
    kind('bytes between its entries', 'either', [evil({ before: junk })]),
    kind('an entry that the directory does not know', 'either', [
      evil(),
      named(`${STORE}${INBOX}0000000f.eml`, { isOrphan: true }),
    ]),
    kind('bytes before the central directory', 'either', [evil()], {
      zip: { beforeCentral: junk },
    }),
    kind('bytes before the end record', 'refuse', [evil()], {
      zip: { beforeEnd: junk },
    }),
    kind('an end record inside its comment', 'either', [evil()], {
      zip: { comment: endInComment },
    }),
    ...[0.999, 0.98, 0.9, 0.7, 0.5, 0.3, 0.1, 0.01].map(cut),
    {
      what: 'no bytes at all',
      expected: 'refuse',
      bytes: () => Buffer.alloc(0),
    },
    { what: 'one byte', expected: 'refuse', bytes: () => Buffer.from('P') },
    {
      what: 'text instead of a zip',
      expected: 'refuse',
      bytes: () => Buffer.from('this is no zip file\n'.repeat(50)),
    },
    {
      what: 'nothing but zeros',
      expected: 'refuse',
      bytes: () => Buffer.alloc(100_000),
    },
    { what: 'no entries', expected: 'refuse', bytes: () => buildZip([]) },
  ];
}

function ownTexts(): HostileKind[] {
  const large = deflatedZeros(256);
  return [
    kind('no summary: it was never finished', 'refuse', [evil()], {
      summary: 'missing',
    }),
    accepted(
      "a server's summary that counts another number of files",
      [evil()],
      { summary: 'miscounted' },
    ),
    kind(
      'a summary of ours that counts another number of files',
      'refuse',
      [evil()],
      {
        summary: 'miscounted',
        version: {
          name: '.version.txt',
          content: 'version  = 1\ntool     = kms-backup 1.0.0\n',
        },
      },
    ),
    kind('a summary of 256 MB', 'refuse', [evil()], {
      summary: { name: '.summary.txt', ...large },
    }),
    kind('a summary that is no text', 'refuse', [evil()], {
      summary: { name: '.summary.txt', content: Buffer.alloc(300, 0x80) },
    }),
    accepted('a mailbox in its summary that is not encoded right', [evil()], {
      summary: {
        name: '.summary.txt',
        content: `count_files = 2\ntotal_size  = ${16 + TEXT.length}\nmailboxes   = 1\nmailbox.%zz = 1\n`,
      },
    }),
    kind('a version text of 256 MB', 'either', [evil()], {
      version: { name: '.version.txt', ...large },
    }),
    kind('no version text', 'either', [evil()], { version: 'missing' }),
    kind('two summaries', 'refuse', [
      evil(),
      named('.summary.txt', { content: 'count_files = 0\ntotal_size = 0\n' }),
    ]),
    kind('a configuration that is no XML', 'either', [evil()], {
      config: '<<<<',
    }),
  ];
}
