/** What an archive will take before a byte of it is written: size and time, by the last archive of its kind. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ArchiveFacts,
  readArchiveFacts,
} from '../archive/archive-facts.js';
import type { Catalogue } from '../archive/backup-directory.js';
import type { ArchiveType } from '../archive/names.js';
import { errnoOf } from '../errors.js';
import { Turns } from '../platform/turns.js';
import { unpackNames } from '../store/name-list.js';
import type { BackupPlan } from './plan-archive.js';
import type { BackupEstimate } from './request.js';

/** An archive as an example. */
export interface Example {
  readonly archive: string;
  readonly fileCount: number;
  readonly sourceBytes: number;
  readonly storedBytes: number;
  readonly durationMs: number;
}

/** Archives that tell something about the next one. */
export interface Examples {
  /** The last full or copy. */
  readonly whole: Example | undefined;
  readonly differential: Example | undefined;
}

/** What base64 of attachments that are compressed already comes to: no mail takes more. */
const USUAL_SHARE = 0.75;

/** Less than this is headers more than mail, and its share tells nothing. */
const TELLING_BYTES = 1024 ** 2;

/** Pure. @param sourceBytes of what is packed @param copiedBytes of what is copied out of older archives as it lies there */
export function estimateArchive(
  type: ArchiveType,
  { sourceBytes, copiedBytes }: { sourceBytes: number; copiedBytes: number },
  { whole, differential }: Examples,
): Omit<BackupEstimate, 'freeBytes' | 'minFreeBytes'> {
  const ofKind = type === 'differential' ? differential : whole;
  const like = [ofKind, whole].find(
    (one) => one && one.sourceBytes >= TELLING_BYTES,
  );

  const share = like ? like.storedBytes / like.sourceBytes : USUAL_SHARE;
  const rate = whole && whole.sourceBytes / whole.durationMs;
  const packingMs = rate ? sourceBytes / rate : undefined;

  return {
    sourceBytes,
    storedBytes: Math.round(sourceBytes * share) + copiedBytes,
    // A differential looks at every file, however little is packed.
    durationMs:
      type === 'differential' && differential
        ? Math.max(differential.durationMs, packingMs ?? 0)
        : packingMs,
    like: like?.archive,
  };
}

/** The newest archives that can be read. */
export async function findExamples({ archives }: Catalogue): Promise<Examples> {
  const newest = async (
    isDifferential: boolean,
  ): Promise<Example | undefined> => {
    const files = archives.findLast(
      ({ type }) => (type === 'differential') === isDifferential,
    );

    return files && toExample(await readArchiveFacts(files));
  };

  return { whole: await newest(false), differential: await newest(true) };
}

function toExample({ files, summary }: ArchiveFacts): Example | undefined {
  const endedAt = summary?.finishedAt;
  if (!summary || !endedAt || summary.totalBytes === 0) return undefined;

  return {
    archive: `${files.stem}.zip`,
    fileCount: summary.fileCount,
    sourceBytes: summary.totalBytes,
    storedBytes: files.sizeBytes,
    durationMs: Math.max(1, endedAt.getTime() - files.takenAt.getTime()),
  };
}

/**
 * The bytes that a plan packs: of files that were looked at one by one, or of as many files of the last archive's mean size.
 * @param like undefined: every file is looked at
 */
export async function measurePlan(
  plan: BackupPlan,
  like: Example | undefined,
): Promise<number> {
  if (like && like.fileCount > 0 && plan.type !== 'differential') {
    return Math.round((like.sourceBytes / like.fileCount) * plan.fileCount);
  }

  const turns = new Turns();
  let bytes = 0;

  for (const { directory, names } of plan.groups.flat()) {
    for (const name of unpackNames(names)) {
      bytes += sizeOf(join(directory.path, name));
    }

    await turns.pass();
  }

  return bytes;
}

/** What cannot be looked at, the packer names. */
export function sizeOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return 0;
  }
}
