import { basename } from 'node:path';
import {
  isHeldCode,
  pause,
  PATIENCE_MS,
  pausesMs,
} from '../../platform/patience.js';
import type { FilesTask, ListedDirectory } from './pack-tasks.js';

/** A file that could not be read. */
export interface UnreadFile {
  readonly path: string;
  readonly entryName: string;
  /** How it was to be read. */
  readonly source: ListedDirectory;
  /** The operating system's error code. */
  readonly code: string;
}

/** Files that other programs held when their turn came. Their turn comes again, after that of all others. */
export class HeldFiles {
  #files: UnreadFile[] = [];

  /** @returns whether it is a file that is held, and not one that nobody will ever read */
  add(file: UnreadFile): boolean {
    const isHeld = isHeldCode(file.code);
    if (isHeld) this.#files.push(file);
    return isHeld;
  }

  /**
   * Hands the files to `pack`, which adds those again that are still held; ten seconds in all, however many they are.
   * @returns what is held to the end
   */
  async retry(
    pack: (tasks: readonly FilesTask[]) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<readonly UnreadFile[]> {
    for (const pauseMs of pausesMs(PATIENCE_MS)) {
      if (this.#files.length === 0) break;

      await pause(pauseMs, signal);

      const tasks = this.#files.map(toTask);
      this.#files = [];
      await pack(tasks);
    }

    return this.#files;
  }
}

function toTask({ path, entryName, source }: UnreadFile): FilesTask {
  const name = basename(path);
  const prefix = entryName.slice(0, entryName.length - name.length);
  return { kind: 'files', ...source, prefix, names: [name] };
}
