// archiver's own ZipArchive over a directory, level 6: `node archiver-peer.mjs DIRECTORY ZIP [--documented]`.
// With --documented as its documentation shows it; otherwise with every error of both streams awaited.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipArchive } from 'archiver';

const [directory, target, form] = process.argv.slice(2);
const archive = new ZipArchive({ zlib: { level: 6 } });
archive.on('warning', (warning) => {
  if (warning.code !== 'ENOENT') throw warning;
  console.error(`warning: ${warning.message}`);
});
archive.directory(directory, false);
if (form === '--documented') {
  archive.on('error', (error) => {
    throw error;
  });
  archive.pipe(createWriteStream(target));
  // Not awaited at the top level: as in a function of a program, where a promise that never settles goes unnoticed.
  void archive.finalize();
} else {
  await Promise.all([
    pipeline(archive, createWriteStream(target)),
    archive.finalize(),
  ]);
}
