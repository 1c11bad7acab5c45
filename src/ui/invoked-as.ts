import { basename } from 'node:path';

/** Whether the program was called by the manual's name, through a link or a copy of that name. */
export function isKmsrecover(invokedAs: string | undefined): boolean {
  return /^kmsrecover(\.js|\.exe)?$/i.test(basename(invokedAs ?? ''));
}
