import type { ArchiveWriter } from '../archive/write/archive-writer.js';
import type { Packer } from '../archive/write/packer.js';
import { REQUIRED_FILES } from '../archive/required-files.js';
import { formatSummaryText, SUMMARY_ENTRY } from '../archive/summary.js';
import type { BackupContent } from './content.js';
import type { RunMail } from './mass-loss.js';
import type { BackupRequest } from './request.js';

/** What the summary grows by where a new volume begins for it: that one's digest, a longer number, headers. */
const SUMMARY_GROWTH_BYTES = 4096;
/** A volume's digest with its key. */
const DIGEST_LINE_BYTES = 100;

/** A run that writes. */
export interface OpenRun {
  readonly writer: ArchiveWriter;
  readonly packer: Packer;
}

/** Lays the summary, closes the volumes, and reads them back. @throws {Error} naming what does not hold what was written */
export async function finishArchive(
  request: BackupRequest,
  facts: {
    readonly mail: RunMail | undefined;
    readonly lacks: readonly string[] | undefined;
  },
  run: OpenRun & { takenAt: Date },
): Promise<void> {
  const { writer, packer, takenAt } = run;
  const { files, messages, sourceBytes } = packer.counts;

  const format = (): string =>
    formatSummaryText({
      startedAt: takenAt,
      finishedAt: request.clock(),
      fileCount: files,
      totalBytes: sourceBytes,
      messages,
      volumes: writer.volumes.length,
      volumeDigests: writer.volumes
        .slice(0, -1)
        .map(({ directoryDigest }) => directoryDigest),
      mailboxes: facts.mail?.stored,
      lacks: facts.lacks,
    });

  // The text is the last entry of the last volume, and names how many there are: it must not open another one.
  writer.makeRoom(
    Buffer.byteLength(format()) +
      SUMMARY_GROWTH_BYTES +
      writer.volumes.length * DIGEST_LINE_BYTES,
    256,
  );
  await writer.settle();
  addText(writer, SUMMARY_ENTRY, format(), takenAt);
  await writer.finish();
  request.onProgress?.({
    phase: 'reading back',
    doneItems: files,
    totalItems: files,
    doneBytes: sourceBytes,
  });
  if (request.readsBack) await packer.readBack();
}

/** Adds a text of ours. */
export function addText(
  writer: ArchiveWriter,
  name: string,
  text: string,
  at: Date,
): void {
  writer.addSmall({
    name,
    bytes: Buffer.from(text),
    mtimeTicks: BigInt(at.getTime()) * 10_000n,
    mode: 0o100600,
  });
}

/** The required files that this point in time will not have; undefined where the configuration was not asked for. */
export function findLacks(
  { components, singles, isFileOfBase }: BackupContent,
  packer: Packer,
): string[] | undefined {
  if (!components.includes('cfg')) return undefined;

  const listed = new Set(
    singles.flatMap(({ prefix, files }) => files.map((name) => prefix + name)),
  );
  const unread = packer.issues
    .filter(({ kind }) => kind !== 'unsettled')
    .map(({ name }) => name);
  const lost = new Set([...packer.vanished, ...unread]);

  return REQUIRED_FILES.filter(
    (name) => (!listed.has(name) || lost.has(name)) && !isFileOfBase(name),
  );
}
