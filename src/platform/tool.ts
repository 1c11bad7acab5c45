import { readFileSync } from 'node:fs';

interface PackageFacts {
  readonly name: string;
  readonly version: string;
}

const facts = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as PackageFacts;

/** The name and version of this program. */

/** `1.2.3`. */
export const VERSION = facts.version;

/** `kms-backup 1.2.3`, as archives and mails name their maker. */
export const TOOL = `${facts.name} ${facts.version}`;
