/**
 * Compares what was recovered with what the archive says of it, file by file and byte by byte: a second look, by other code than
 * the recover's. Where the live file has the size and the time that it had then, it is compared too.
 */
import { lstatSync, statSync } from 'node:fs';
import { likenessOf } from '../archive/same-file.js';
import type { ArchivedFiles, PointFiles } from '../archive/point-files.js';
import { errnoOf } from '../errors.js';
import { ticksOf } from '../platform/file-times.js';
import { isGone, lookAt } from '../platform/look-again.js';
import type { OnProgress } from '../platform/progress.js';
import { Turns } from '../platform/turns.js';
import { checksumStored } from '../store/checksum.js';
import { placeOf } from '../store/entry-place.js';
import { hasMessageName, holdsMessages } from '../store/message-file.js';
import type { ServerPlaces } from './server-places.js';

export interface CompareRequest {
  readonly point: PointFiles;
  /** Says whether a directory was recovered, by its entry name. */
  readonly isWanted: (prefix: string) => boolean;
  readonly recovered: ServerPlaces;
  /** Undefined where no server is here. */
  readonly live: ServerPlaces | undefined;
  /** Told of each message that is there. */
  readonly onMessage: (path: string) => void;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** A file that is not as it should be. */
export interface DrillFault {
  /** Its entry's name; a mailbox where not even that is known. */
  readonly name: string;
  readonly reason: string;
}

export interface RecoverComparison {
  readonly files: number;
  readonly bytes: number;
  readonly messages: number;
  readonly faults: readonly DrillFault[];
  /** Live files with the same content; undefined where no server is here. */
  readonly liveSame: number | undefined;
  /** Those that changed, moved or went since: nothing is said of them. */
  readonly liveChanged: number;
}

/** The faults that a report lists: where everything is wrong, nobody reads them all. */
const MOST_FAULTS = 1000;

export async function compareRecovered(
  request: CompareRequest,
): Promise<RecoverComparison> {
  const comparison = new Comparison(request);

  for (const prefix of request.point.prefixes) {
    if (!request.isWanted(prefix)) continue;

    const files = request.point.filesOf(prefix);
    if (files) await comparison.addDirectory(files);
  }

  return comparison.end();
}

/** A file of the point, and where a recover brings it. */
interface PointFile {
  readonly files: ArchivedFiles;
  readonly at: number;
  readonly name: string;
}

class Comparison {
  readonly #turns = new Turns();
  readonly #faults: DrillFault[] = [];
  #files = 0;
  #bytes = 0;
  #messages = 0;
  #liveSame = 0;
  #liveChanged = 0;

  constructor(private readonly request: CompareRequest) {}

  async addDirectory(files: ArchivedFiles): Promise<void> {
    const { signal, onProgress } = this.request;

    for (const [at, fileName] of files.names.entries()) {
      await this.#turns.pass();
      signal.throwIfAborted();

      const name = files.prefix + fileName;
      if (placeOf(name)) await this.#addFile({ files, at, name });
    }

    onProgress({
      phase: 'comparing',
      doneItems: this.#files,
      doneBytes: this.#bytes,
    });
  }

  end(): RecoverComparison {
    return {
      files: this.#files,
      bytes: this.#bytes,
      messages: this.#messages,
      faults: this.#faults,
      liveSame: this.request.live && this.#liveSame,
      liveChanged: this.#liveChanged,
    };
  }

  async #addFile(file: PointFile): Promise<void> {
    const { files, at, name } = file;
    const path = this.request.recovered.pathOf(name) ?? '';
    const reason = await this.#faultOf(path, file);

    this.#files++;
    this.#bytes += files.sizeAt(at);
    if (reason !== undefined) {
      this.#addFault(name, reason);
      return;
    }

    if (isMessage(name)) {
      this.#messages++;
      this.request.onMessage(path);
    }

    await this.#compareLive(file);
  }

  #addFault(name: string, reason: string): void {
    if (this.#faults.length < MOST_FAULTS) this.#faults.push({ name, reason });
  }

  /** Why a recovered file is not what the archive says; undefined where it is. */
  async #faultOf(
    path: string,
    { files, at }: PointFile,
  ): Promise<string | undefined> {
    const expectedBytes = files.sizeAt(at);

    try {
      const stats = lstatSync(path);
      if (!stats.isFile()) return 'was recovered as something else than a file';
      if (stats.size !== expectedBytes) {
        return `was recovered with ${String(stats.size)} bytes, the archive has ${String(expectedBytes)}`;
      }

      const crc = await checksumStored(path, {}, this.#turns);

      return crc === files.crcAt(at)
        ? undefined
        : 'was recovered with another checksum than the archive has';
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;

      return isGone(error)
        ? 'was not recovered'
        : `was recovered and cannot be read: ${errno}`;
    }
  }

  async #compareLive({ files, at, name }: PointFile): Promise<void> {
    const path = this.request.live?.pathOf(name);
    if (path === undefined) return;

    const before = describeLook(path);
    const likeness = likenessOfLive(path, files, at);
    const crc = likeness && (await this.#liveCrc(path));
    const isCertain = likeness === 'same' && crc !== undefined;

    if (crc !== undefined && crc === files.crcAt(at)) {
      this.#liveSame++;
    } else if (!isCertain || describeLook(path) !== before) {
      this.#liveChanged++;
    } else {
      this.#addFault(
        name,
        'differs from the live file, which has the size and the time that it had then',
      );
    }
  }

  async #liveCrc(path: string): Promise<number | undefined> {
    try {
      return await checksumStored(path, { followsLinks: true }, this.#turns);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;

      return undefined;
    }
  }
}

/** `same`: size and time prove that nobody wrote it since. `unsure`: they may. Undefined: somebody did. */
function likenessOfLive(
  path: string,
  files: ArchivedFiles,
  at: number,
): 'same' | 'unsure' | undefined {
  const stats = lookAt(path)?.isFile()
    ? statSync(path, { bigint: true, throwIfNoEntry: false })
    : undefined;
  if (!stats) return undefined;

  const file = { sizeBytes: Number(stats.size), mtimeTicks: ticksOf(stats) };

  const likeness = likenessOf(files.factsAt(at), file);

  return likeness === 'same' || likeness === 'unsure' ? likeness : undefined;
}

/** What tells a file that was written or replaced meanwhile. */
function describeLook(path: string): string {
  const stats = lookAt(path);

  return stats
    ? [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
    : '';
}

function isMessage(name: string): boolean {
  const directory = name.slice(0, name.lastIndexOf('/') + 1);

  return hasMessageName(name) && holdsMessages(directory);
}
