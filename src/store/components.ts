import { UsageError } from '../errors.js';

/**
 * The parts of a mail server that an archive holds, in the order in which the server lays them (docs/kerio.md 6.3).
 * `settings` and `other` are ours: a settings directory, and whatever else lies in the store. Pure.
 */
export const COMPONENTS = [
  'cfg',
  'settings',
  'license',
  'sslca',
  'sslcert',
  'spamassassin',
  'lists',
  'xmpp',
  'im',
  'other',
  'mail',
] as const;

export type Component = (typeof COMPONENTS)[number];

/** Directories of the store that the server leaves out: logs, queues, other backups, what is rebuilt. */
const EXCLUDED_STORE_DIRECTORIES = new Set([
  'logs',
  'queue',
  'backup',
  'archive',
  'fulltext',
  'tmp',
]);
/** Files that the server rebuilds and leaves out. */
const EXCLUDED_FILES = new Set(['search.fld', '.pushdav.db', '.pushimap.db']);

/** Which component a directory or file directly in the store belongs to; undefined where it is left out. */
export function componentOfStoreChild(name: string): Component | undefined {
  if (
    EXCLUDED_STORE_DIRECTORIES.has(name.toLowerCase()) ||
    name.startsWith('.kms-backup')
  ) {
    return undefined;
  }

  const known = ['mail', 'lists', 'spamassassin', 'xmpp', 'im'] as const;

  return known.find((component) => component === name.toLowerCase()) ?? 'other';
}

/** What a recover stages, or keeps for its rollback, lies beside what it replaces: it is no mail. */
const STAGING_DIRECTORY = '.kms-backup-recover';

/** Whether a directory is left out wherever it lies. */
export function isExcludedDirectory(name: string): boolean {
  return name === STAGING_DIRECTORY;
}

/** Whether a file is left out wherever it lies. */
export function isExcludedFile(name: string): boolean {
  return (
    EXCLUDED_FILES.has(name) ||
    name.endsWith('.cfg.bak') ||
    name.endsWith('.kms-backup-tmp') ||
    name.startsWith(STAGING_DIRECTORY)
  );
}

/** Reads `--mask cfg,mail`. @throws {UsageError} naming the part that is none */
export function parseMask(mask: string): ReadonlySet<Component> {
  const parts = mask.split(',').map((part) => part.trim().toLowerCase());
  for (const part of parts) {
    if (!COMPONENTS.some((component) => component === part)) {
      throw new UsageError(`not a part of a backup: ${part}`, {
        hints: [`Parts are ${COMPONENTS.join(', ')}.`],
      });
    }
  }

  return new Set(parts as Component[]);
}
