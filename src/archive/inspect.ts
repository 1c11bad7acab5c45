import { createHash } from 'node:crypto';
import { KmsError } from '../errors.js';
import { type ArchiveFacts, combineDigests, readArchiveFacts } from './archive-facts.js';
import { type ArchiveFiles, listArchiveFiles } from './backup-directory.js';
import { readEntries, readDirectoryBytes } from './central-directory.js';
import { openVolume } from './open-archive.js';
import { type ArchiveState, resolveStates } from './sets.js';
import { openFileSource } from './source.js';
import { readVerifiedRecord } from './verified-record.js';

/** Reads the state of every archive in a directory, oldest first, and no data of any. */
export async function inspectDirectory(directory: string): Promise<ArchiveState[]> {
  return inspectArchives(listArchiveFiles(directory), directory);
}

/** The states of archives that lie in one directory. */
export async function inspectArchives(files: readonly ArchiveFiles[], directory: string): Promise<ArchiveState[]> {
  const facts: ArchiveFacts[] = [];
  for (const own of files) facts.push(await readArchiveFacts(own));
  const digests = new Map<string, string>();
  for (const named of new Set(facts.map(({ version }) => version?.base))) {
    const base = facts.find((own) => own.files.stem === named && own.fault === undefined);
    const digest = base && (await digestArchive(base.files));
    if (base && digest !== undefined) digests.set(base.files.stem, digest);
  }
  return resolveStates(facts, { verified: readVerifiedRecord(directory), digests });
}

/** A run asks several times; a published volume does not change. */
const digestCache = new Map<string, string | undefined>();

/** The digest of an archive's central directories; undefined where one cannot be read. */
async function digestArchive(files: ArchiveFiles): Promise<string | undefined> {
  const key = JSON.stringify(files.volumes.map(({ path, sizeBytes, mtimeMs }) => [path, sizeBytes, mtimeMs]));
  if (!digestCache.has(key)) digestCache.set(key, await computeDigest(files));
  return digestCache.get(key);
}

async function computeDigest(files: ArchiveFiles): Promise<string | undefined> {
  const digests: string[] = [];
  try {
    for (const volume of files.volumes) {
      const source = openFileSource(volume.path, volume.name);
      try {
        const bytes = (await readDirectoryBytes(source))?.bytes ?? (await readEntries(source)).directory;
        digests.push(createHash('sha256').update(bytes).digest('hex'));
      } finally {
        source.close();
      }
    }
  } catch (error) {
    if (error instanceof KmsError) return undefined;
    throw error;
  }
  return combineDigests(digests);
}

/** How many messages an archive holds; counted where its summary, written by the server, does not say. */
export async function countMessages({ files, summary, fault }: ArchiveFacts): Promise<number | undefined> {
  if (summary?.messages !== undefined) return summary.messages;
  if (fault !== undefined) return undefined;
  let messages = 0;
  for (const file of files.volumes) {
    const { table } = await openVolume(file);
    for (let index = 0; index < table.count; index++) {
      if (table.nameBytes(index).subarray(-4).toString('latin1') === '.eml') messages++;
    }
  }
  return messages;
}
