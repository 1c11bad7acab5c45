import { join } from 'node:path';
import type { Area } from './entry-place.js';

/** Where the files of a mail server lie: the one rule that leads from the place of an entry to a path. */

/** The directories of a mail server, each absolute. */
export interface ServerDirectories {
  readonly store: string;
  readonly install: string;
}

/** The path of what an area holds under a name: `mail`, `mail/example.com`, `mailserver.cfg`. Links are not followed. */
export function livePathOf(
  directories: ServerDirectories,
  area: Area,
  name: string,
): string {
  return join(directories[area], name);
}
