// Headers of zip files for scripts that build or damage some: they share no code with the program that is tested.
import { crc32 } from 'node:zlib';

/** Fields that a local header has from byte 4 on (APPNOTE 4.3.7). */
export function commonFields(name, content, data, method) {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(method, 4);
  fields.writeUInt32LE(0x5a215a21, 6);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(name.length, 22);

  return fields;
}

export function centralHeader(common, name, offset) {
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(offset, 10);

  return Buffer.concat([word(0x02014b50), word(0x0314, 2), common, rest, name]);
}

export function endRecord(count, directory, offset) {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  record.writeUInt32LE(offset, 16);

  return record;
}

export function word(value, bytes = 4) {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);

  return buffer;
}
