import type { ComparableFiles } from './comparable-files.js';

/** A file by its place in what was compared. */
export interface FileAt {
  readonly files: ComparableFiles;
  readonly at: number;
}

/** Files of any directories, in columns: a million of them must not become a million objects. */
export class FileList {
  readonly #files: ComparableFiles[] = [];
  readonly #numbers: number[] = [];

  get length(): number {
    return this.#numbers.length;
  }

  add(files: ComparableFiles, at: number): void {
    this.#files.push(files);
    this.#numbers.push(at);
  }

  at(place: number): FileAt {
    const files = this.#files[place];
    if (!files) throw new Error(`there is no file ${String(place)}`);

    return { files, at: this.#numbers[place] ?? 0 };
  }
}

export function sizeOf({ files, at }: FileAt): number {
  return files.sizeAt(at);
}
