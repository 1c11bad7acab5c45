// archiver's own ZipArchive over a directory, level 6: `node archiver-peer.mjs DIRECTORY ZIP`.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipArchive } from 'archiver';

const [directory, target] = process.argv.slice(2);
const archive = new ZipArchive({ zlib: { level: 6 } });
archive.directory(directory, false);
await Promise.all([pipeline(archive, createWriteStream(target)), archive.finalize()]);
