import { plural } from '../platform/units.js';

/** How much a backup leaves out on purpose, and how that is said. Pure. */

export interface LeftOutCounts {
  readonly domains: number;
  readonly users: number;
  readonly folders: number;
  /** The messages in all of them. */
  readonly messages: number;
}

/** `3 folders, 2 users (1,204 messages)` */
export function describeLeftOut(counts: LeftOutCounts): string {
  const { domains, users, folders, messages } = counts;
  const parts = [
    ...(domains > 0 ? [plural(domains, 'domain')] : []),
    ...(users > 0 ? [plural(users, 'user')] : []),
    ...(folders > 0 ? [plural(folders, 'folder')] : []),
  ];

  return parts.length === 0
    ? 'nothing'
    : `${parts.join(', ')} (${plural(messages, 'message')})`;
}

/** A pattern of `[backup]` that names nothing is a mistake, or of yesterday. */
export function describeUnused(
  key: 'accept' | 'exclude',
  pattern: string,
): string {
  const what = key === 'accept' ? 'nothing that is left out' : 'nothing';

  return `[backup] ${key} = ${pattern} of kms-backup.ini matches ${what}`;
}
