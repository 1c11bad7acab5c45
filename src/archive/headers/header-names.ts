/** The names of the headers that searches keep in a storage. Pure. */

export const HEADER_CACHE = '.kms-backup-headers';

const LEFTOVER = /^\.kms-backup-headers\.[\da-f-]+\.part$/;

/** The name under which one search writes them. */
export function formatHeaderPart(id: string): string {
  return `${HEADER_CACHE}.${id}.part`;
}

/** Says whether a file is what a search writes, or was writing when it died. */
export function isHeaderPart(fileName: string): boolean {
  return LEFTOVER.test(fileName);
}
