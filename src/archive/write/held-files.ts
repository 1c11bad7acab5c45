import { basename } from 'node:path';
import { pause, PATIENCE_MS, pausesMs } from '../../platform/patience.js';
import type { FilesTask, ListedFile } from './pack-tasks.js';

/** A file that another program holds. */
export interface HeldFile {
  readonly file: ListedFile;
  /** The operating system's error code. */
  readonly errno: string;
}

/** Files that other programs held when their turn came. Their turn comes again, after that of all others. */
export class HeldFiles {
  #files: HeldFile[] = [];

  add(file: ListedFile, errno: string): void {
    this.#files.push({ file, errno });
  }

  /**
   * Hands the files to `pack`, which adds those again that are still held; ten seconds in all, however many they are.
   * @returns the files that are held to the end
   */
  async retry(
    pack: (tasks: readonly FilesTask[]) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<readonly HeldFile[]> {
    for (const pauseMs of pausesMs(PATIENCE_MS)) {
      if (this.#files.length === 0) break;

      await pause(pauseMs, signal);

      const tasks = this.#files.map(({ file }) => toTask(file));
      this.#files = [];
      await pack(tasks);
    }

    return this.#files;
  }
}

function toTask({ path, name, ...source }: ListedFile): FilesTask {
  const fileName = basename(path);
  const prefix = name.slice(0, name.length - fileName.length);

  return { kind: 'files', ...source, prefix, names: [fileName] };
}
