import { closeSync, openSync } from 'node:fs';

let open: { path: string; fd: number } | undefined;

/**
 * A worker's file descriptor of a volume. The last one stays open, because tasks come volume by volume; it ends with the
 * thread.
 * @throws {Error} the operating system's, when the volume cannot be opened
 */
export function openVolume(path: string): number {
  if (open?.path !== path) {
    if (open) closeSync(open.fd);
    open = undefined;
    open = { path, fd: openSync(path, 'r') };
  }
  return open.fd;
}
