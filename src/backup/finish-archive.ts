import { formatFolders } from '../archive/folder-index.js';
import { REQUIRED_FILES } from '../archive/required-files.js';
import {
  formatSummaryText,
  SUMMARY_ENTRY,
  type SummaryText,
} from '../archive/summary.js';
import type { ArchiveWriter } from '../archive/write/archive-writer.js';
import { unpackNames } from '../store/name-list.js';
import type { CopyRecord } from '../archive/write/copy-record.js';
import { isFileOfBase } from './open-base.js';
import type { ObservedMail } from './mass-loss.js';
import { type OpenRun, unreadNames } from './open-run.js';
import { reportReuse } from './reuse-report.js';

/** The bytes by which the summary grows where a new volume begins for it: that one's digest, a longer number, headers. */
const SUMMARY_GROWTH_BYTES = 4096;
/** A volume's digest with its key. */
const DIGEST_LINE_BYTES = 100;
/** The summary's central header, with its name and times. */
const SUMMARY_HEADER_BYTES = 256;

/** Lays the summary and closes the volumes. */
export async function finishArchive(
  run: OpenRun,
  mail: ObservedMail | undefined,
): Promise<void> {
  const { writer, takenAt } = run;
  const lacks = await findLacks(run);
  const format = (): string => formatSummary(run, mail, lacks);

  // The text is the last entry of the last volume, and names how many there are: it must not open another one.
  writer.makeRoom(
    Buffer.byteLength(format()) +
      SUMMARY_GROWTH_BYTES +
      writer.volumes.length * DIGEST_LINE_BYTES,
    SUMMARY_HEADER_BYTES,
  );
  await writer.settle();
  addText(writer, SUMMARY_ENTRY, format(), takenAt);
  await writer.finish();
}

function formatSummary(
  { request, reuse, writer, packer, takenAt }: OpenRun,
  mail: ObservedMail | undefined,
  lacks: readonly string[] | undefined,
): string {
  const { files, messages, sourceBytes } = packer.counts;

  return formatSummaryText({
    startedAt: takenAt,
    finishedAt: request.clock(),
    fileCount: files,
    totalBytes: sourceBytes,
    messages,
    volumes: writer.volumes.length,
    volumeDigests: writer.volumes
      .slice(0, -1)
      .map(({ directoryDigest }) => directoryDigest),
    folders: formatFolders(writer.volumes.map(({ folders }) => folders)),
    mailboxes: mail?.stored,
    lacks,
    ...(reuse && countReused(packer.copier.copied)),
  });
}

function countReused(
  copied: CopyRecord,
): Pick<SummaryText, 'reusedFiles' | 'reusedBytes'> {
  const { files, storedBytes } = reportReuse(copied);

  return { reusedFiles: files, reusedBytes: storedBytes };
}

/** The required files that this point in time will not have; undefined where the configuration was not asked for. */
async function findLacks(run: OpenRun): Promise<string[] | undefined> {
  const { plan, base, packer } = run;
  if (!plan.components.includes('cfg')) return undefined;

  const listed = new Set(
    plan.singles.flatMap(({ prefix, files }) =>
      unpackNames(files).map((name) => prefix + name),
    ),
  );
  const lost = new Set([...packer.vanished, ...unreadNames(run)]);

  const lacks: string[] = [];

  for (const name of REQUIRED_FILES) {
    const isPacked = listed.has(name) && !lost.has(name);
    if (!isPacked && !(await isFileOfBase(base, name))) lacks.push(name);
  }

  return lacks;
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
