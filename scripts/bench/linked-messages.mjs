// Millions of small messages: many names of few files, so that a store of them fits into memory beside what is measured.
import { copyFileSync, linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A file system lets a file have 65,000 names (ext4); three million of these have 733 each. */
const ORIGINALS = 4096;

export class LinkedMessages {
  #made = 0;

  /**
   * @param directory holds the files that all names lead to
   * @param write writes one of them: `write(path)`
   */
  constructor(directory, write) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });

    for (let number = 0; number < ORIGINALS; number++) {
      write(this.#original(number), number);
    }
  }

  /** Gives one more message a name. */
  put(path) {
    const original = this.#original(this.#made++ % ORIGINALS);

    try {
      linkSync(original, path);
    } catch {
      copyFileSync(original, path);
    }
  }

  #original(number) {
    return join(this.directory, `${number}.eml`);
  }
}
