/** Copies one proven archive to another storage, and proves and records it there. */
import type { ArchiveState } from '../archive/archive-state.js';
import {
  type ArchiveFiles,
  isSealedArchive,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { archiveName } from '../archive/names.js';
import { digestArchive } from '../archive/open-archive.js';
import type { PublicationIssue, Storage } from '../archive/storage.js';
import {
  recordVerified,
  type VerifiedEntry,
  type VerifiedRecord,
} from '../archive/verified-record.js';
import { FailedError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import { copyIntoBucket } from './copy-into-bucket.js';
import { copyIntoDirectory } from './copy-into-directory.js';
import { provenCrcs } from './prove-source.js';
import type { ArchiveCopy, ReplicateRequest } from './request.js';

/**
 * @param proven what is recorded of the source's archives
 * @returns the files that are not locked as they were to be
 * @throws {DamagedArchiveError} where it is not what was proven any more: nothing of it can be seen in the target then
 */
export async function copyArchive(
  { target, clock, signal, onProgress }: ReplicateRequest,
  state: ArchiveState,
  proven: VerifiedRecord,
): Promise<readonly PublicationIssue[]> {
  const { files } = state.facts;
  const { stem, sizeBytes } = files;
  tellStep(`copying ${archiveName(stem)} to ${target.name}`);

  const crcs = await provenCrcs(files, proven.get(stem), signal);
  let doneBytes = 0;

  const copy: ArchiveCopy = {
    state,
    target,
    crcs,
    signal,
    onSent: ({ length }) => {
      doneBytes += length;
      onProgress?.({
        phase: 'copying',
        doneItems: 0,
        doneBytes,
        totalBytes: sizeBytes,
        current: archiveName(stem),
      });
    },
  };

  const issues = (await isSealedThere(target, files)) ? [] : await send(copy);

  const entry = {
    isSound: true,
    by: 'backup' as const,
    sizeBytes,
    volumeCrcs: crcs,
  };
  await record(target, stem, { at: clock().toISOString(), ...entry });

  return issues;
}

/** Says whether a run that could not record it has copied it. */
async function isSealedThere(
  target: Storage,
  files: ArchiveFiles,
): Promise<boolean> {
  const sealed = await target.findSealedDigest?.(files.stem);

  return sealed !== undefined && sealed === (await digestArchive(files));
}

async function send(copy: ArchiveCopy): Promise<readonly PublicationIssue[]> {
  const { stem, volumes } = copy.state.facts.files;

  const publication = copy.target.beginPublication?.(stem, {
    storage: volumes[0]?.storage ?? copy.target,
    names: volumes.map(({ storedAs }) => storedAs),
  });
  if (publication) return copyIntoBucket(copy, publication);

  await copyIntoDirectory(copy);

  return [];
}

/** @throws {FailedError} where the target does not list all of it */
async function record(
  target: Storage,
  stem: string,
  entry: VerifiedEntry,
): Promise<void> {
  const present = await listArchiveFiles(target);
  const there = present.find((files) => files.stem === stem);

  const isWhole =
    there && (isSealedArchive(there) || there.sizeBytes === entry.sizeBytes);

  if (!isWhole) {
    throw new FailedError(
      `the listing of ${target.name} lacks ${archiveName(stem)}, which was just copied there`,
    );
  }

  await recordVerified(
    target,
    new Map([[stem, { ...entry, sizeBytes: there.sizeBytes }]]),
    new Set(present.map((files) => files.stem)),
  );
}
