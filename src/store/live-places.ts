import { join } from 'node:path';
import { MAIL_ARCHIVE } from './components.js';
import type { Area } from './entry-place.js';

/** Where the files of a mail server lie: the one rule that leads from the place of an entry to a path. */

/** The directories of a mail server, each absolute. */
export interface ServerDirectories {
  readonly store: string;
  readonly install: string;
  /** The mail archive: below the store, or anywhere else. */
  readonly archive: string;
}

/**
 * The path of what an area holds under a name: `mail`, `mail/example.com`, `mailserver.cfg`. What archives have as the store's
 * `archive` lies in the directory of the mail archive. Links are not followed.
 */
export function livePathOf(
  directories: ServerDirectories,
  area: Area,
  name: string,
): string {
  const [top = '', ...rest] = name.split('/');

  return area === 'store' && top === MAIL_ARCHIVE
    ? join(directories.archive, ...rest)
    : join(directories[area], name);
}
