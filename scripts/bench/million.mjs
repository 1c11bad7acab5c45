// Writes an archive of 1,000,000 entries in 16 volumes, for the measurement of listings.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const NAME = 'F20240301T010000Z';
const PER_VOLUME = 62_600;

/** Builds the archive where it is missing, and returns its directory. */
export function ensureMillion(root, entries) {
  const dir = join(root, `million-${entries}`);
  const marker = join(root, `million-${entries}.built`);
  if (existsSync(marker)) return dir;

  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  console.error(`building an archive of ${entries} entries …`);

  const body = Buffer.from('From: a@example.com\r\n\r\nshort\r\n');
  const names = mailNames(entries);

  for (
    let volume = 0, first = 0;
    first < entries;
    volume++, first += PER_VOLUME
  ) {
    const part = [];
    if (volume === 0) {
      part.push([
        '.version.txt',
        'started  = 2024-03-01 02:00:00\nversion  = 1\nhostname = mail.example.com\n',
      ]);
    }

    for (let i = first; i < Math.min(entries, first + PER_VOLUME); i++) {
      part.push([names(i), body]);
    }

    if (first + PER_VOLUME >= entries) {
      part.push(['.summary.txt', summary(entries, body.length)]);
    }

    writeVolume(
      join(dir, volume === 0 ? `${NAME}.zip` : `${NAME}.${volume}.zip`),
      part,
    );
  }

  writeFileSync(marker, '');

  return dir;
}

function mailNames() {
  const hex = (value) => value.toString(16).padStart(8, '0');
  return (i) => {
    const folder = Math.floor(i / 200);
    return `@backup/store/mail/example.com/user${Math.floor(folder / 5)}/Folder ${folder % 5}/#msgs/${hex((i % 200) + 1)}.eml`;
  };
}

function summary(files, bytesEach) {
  return (
    'started     = 2024-03-01 02:00:00\nfinished    = 2024-03-01 02:10:00\n' +
    `count_files = ${files}\ntotal_size  = ${files * bytesEach}\nduration    = 00:10:00.000\n`
  );
}

function writeVolume(path, entries) {
  const fd = openSync(path, 'w');
  const central = [];
  let parts = [];
  let offset = 0;

  for (const [name, content] of entries) {
    const [nameBytes, data] = [Buffer.from(name), Buffer.from(content)];
    const header = Buffer.alloc(30);

    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt32LE(0x58616000, 10);
    header.writeUInt32LE(crc32(data), 14);
    header.writeUInt32LE(data.length, 18);
    header.writeUInt32LE(data.length, 22);
    header.writeUInt16LE(nameBytes.length, 26);

    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(20, 4);
    header.copy(record, 6, 4, 28);
    record.writeUInt32LE(offset, 42);
    parts.push(header, nameBytes, data);
    central.push(record, nameBytes);
    offset += 30 + nameBytes.length + data.length;

    if (parts.length > 30_000) {
      writeSync(fd, Buffer.concat(parts));
      parts = [];
    }
  }

  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);

  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);

  const tail = Buffer.concat([...parts, directory, end]);
  for (let at = 0; at < tail.length;) at += writeSync(fd, tail, at);
  closeSync(fd);
}
