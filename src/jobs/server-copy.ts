/** A copy that the mail server makes itself, proven by our own reader. */
import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { archiveName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import { FailedError } from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import { systemClock } from '../platform/clock.js';
import { pause } from '../platform/patience.js';
import { runVerify, type VerifyEnd } from '../verify/run-verify.js';
import type { AdminContext } from './admin-calls.js';
import { locateStorage } from './archive-places.js';
import type { RunControl } from './backup-request.js';
import { onServer, type ViaFlags } from './via.js';
import { makeServerCopy } from './watch-copy.js';

export interface ServerCopyRequest extends RunControl {
  readonly flags: ViaFlags & { readonly threads?: number | undefined };
  readonly context: AdminContext;
  /** Told when the server may be at work: what is begun there cannot be stopped. */
  readonly onBegun: () => void;
  /** Told when the copy is there, with its name. */
  readonly onMade: (archive: string) => void;
}

export interface ServerCopy {
  /** `https://127.0.0.1:4040` */
  readonly server: string;
  readonly archive: string;
  readonly takenAt: Date;
  readonly sizeBytes: number;
  readonly verified: VerifyEnd;
}

/** The archive, its place, and who made it. */
interface MadeCopy {
  readonly server: string;
  readonly storage: Storage;
  readonly files: ArchiveFiles;
}

/** A server that says that it is done has named its archive; a share may show it a moment later. */
const LOOKS = 15;
const LOOK_MS = 1_000;

/**
 * Has the server make its copy, follows it, and reads every byte of it.
 * @throws {NotFoundError} where its backup directory is not on this machine: nothing is begun then
 * @throws as `makeServerCopy`
 */
export async function copyOnServer(
  request: ServerCopyRequest,
): Promise<ServerCopy> {
  const { flags, signal, onProgress, onMade } = request;
  const { server, storage, files } = await make(request);
  const archive = archiveName(files.stem);
  onMade(archive);

  const verified = await runVerify({
    place: { storage, fileName: archive },
    isQuick: false,
    readsSealed: true,
    threads: flags.threads,
    clock: systemClock,
    signal,
    onProgress,
  });

  const { takenAt, sizeBytes } = files;
  const messages = verified.reports[0]?.messages;
  noteRun({
    archive,
    bytes: sizeBytes,
    ...(messages !== undefined && { messages }),
  });

  return {
    server,
    archive,
    takenAt,
    sizeBytes,
    verified,
  };
}

/** Whoever is logged in takes leave before the archive is read. */
function make({
  flags,
  context,
  signal,
  onProgress,
  onBegun,
}: ServerCopyRequest): Promise<MadeCopy> {
  return onServer(flags, 'backup', context, async ({ source, calls }) => {
    if (!calls) throw new FailedError('a file makes no copies');

    const { backupDir } = (await source.read()).settings();
    const storage = locateStorage(backupDir, flags);
    noteRun({ place: storage.name });

    const there = await listArchiveFiles(storage);
    const stems = new Set(there.map(({ stem }) => stem));

    const control = { signal, onProgress, onBegun };
    const takenAt = await makeServerCopy(calls, control);
    const files = await findNew(storage, stems, { takenAt, signal });

    return { server: calls.name, storage, files };
  });
}

/** The copy that was not there before: that of the moment that the server names, else the newest. */
async function findNew(
  storage: Storage,
  stems: ReadonlySet<string>,
  { takenAt, signal }: { readonly takenAt: Date; readonly signal: AbortSignal },
): Promise<ArchiveFiles> {
  for (let look = 1; look <= LOOKS; look++) {
    const copies = (await listArchiveFiles(storage)).filter(
      ({ type, stem }) => type === 'copy' && !stems.has(stem),
    );
    const exact = copies.find(
      (copy) => copy.takenAt.getTime() === takenAt.getTime(),
    );
    const found = exact ?? copies.at(-1);
    if (found) return found;

    await pause(LOOK_MS, signal);
  }

  throw new FailedError(
    `the mail server says that its copy is made, and there is no new one in ${storage.name}`,
    {
      hints: [
        'Look whether its backup directory is this one, on this machine.',
      ],
    },
  );
}
