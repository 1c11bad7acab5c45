import { closeSync, openSync } from 'node:fs';

/** The file descriptor of one volume at a time: tasks come volume by volume. In a worker it ends with the thread. */
export class VolumeHandle {
  #open: { readonly path: string; readonly fd: number } | undefined;

  /** @throws {Error} the operating system's, when the volume cannot be opened */
  fdOf(path: string): number {
    if (this.#open?.path !== path) {
      this.close();
      this.#open = { path, fd: openSync(path, 'r') };
    }

    return this.#open.fd;
  }

  close(): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }
}
