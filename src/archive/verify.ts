import { archiveName } from './names.js';
import { KmsError, messageOf } from '../errors.js';
import type { OnProgress } from '../platform/progress.js';
import { type ArchiveFacts, readArchiveFacts } from './archive-facts.js';
import type { ArchiveFiles } from './backup-directory.js';
import { checkStructure, type StructureReport } from './check-structure.js';
import { type OpenArchive, openArchive } from './open-archive.js';
import { readSelections, selectAll } from './read-archive.js';
import type { ReadProblem } from './read-tasks.js';

/** What a verify found. */
export interface VerifyReport {
  readonly archive: string;
  readonly isSound: boolean;
  /** Why the archive as a whole cannot be recovered. */
  readonly fault: string | undefined;
  readonly problems: readonly ReadProblem[];
  readonly entries: number;
  readonly messages: number;
  readonly bytes: number;
  readonly volumes: number;
  readonly digest: string | undefined;
  /** Names that could not be recovered on Windows. */
  readonly windowsNames: readonly string[];
  /** Whether every byte was read, or only the structure. */
  readonly isComplete: boolean;
}

export interface VerifyOptions {
  readonly isQuick?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An archive whose central directories have been read, and what it says about itself. */
export interface ReadArchive {
  readonly archive: OpenArchive;
  readonly facts: ArchiveFacts;
}

/** Reads all of an archive but data and names: what is wanted of it is to be checked before it is brought. */
export async function readArchive(files: ArchiveFiles): Promise<ReadArchive> {
  return { archive: await openArchive(files), facts: await readArchiveFacts(files) };
}

/** Reads one archive as recover would. Damage is what it reports, not an error. */
export async function verifyArchive(files: ArchiveFiles, options: VerifyOptions): Promise<VerifyReport> {
  const base = {
    archive: archiveName(files.stem),
    volumes: files.volumes.length,
    isComplete: options.isQuick !== true,
  };
  const nothing = { problems: [], entries: 0, messages: 0, bytes: 0, digest: undefined, windowsNames: [] };
  let opened: ReadArchive;
  let structure: StructureReport;
  try {
    opened = await readArchive(files);
    structure = checkStructure(opened.archive, opened.facts.summary);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    return { ...base, ...nothing, isSound: false, fault: messageOf(error) };
  }
  const { archive, facts } = opened;
  const read = options.isQuick
    ? { problems: [] }
    : await readSelections(
        archive.volumes.map(({ file, table }) => selectAll(file.path, table)),
        { ...options, phase: 'verifying' },
      );
  const fault = facts.version || facts.summary || /^[FIDC]\d{8}T\d{6}Z$/.test(files.stem) ? facts.fault : undefined;
  return {
    ...base,
    isSound: fault === undefined && read.problems.length === 0,
    fault,
    problems: read.problems,
    entries: structure.entries,
    messages: structure.messages,
    bytes: structure.totalBytes,
    digest: archive.digest,
    windowsNames: structure.windowsNames,
  };
}
