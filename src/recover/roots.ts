import { basename, dirname } from 'node:path';
import { placeOf } from '../store/entry-place.js';
import { isInScope, type MailScope } from '../store/mail-scope.js';
import {
  MESSAGE_DIRECTORY,
  SETTINGS_DIRECTORY,
} from '../store/message-file.js';
import { parseStorePath, REBUILT_FILES } from '../store/store-path.js';
import { type SelectedRun, selectedRuns } from './selected-runs.js';
import type { ChainEntries } from './select-entries.js';

/** The paths below the store that a recover of a part of the mail replaces. Pure. */

/** The own content of a folder, beside its subfolders and `FOLDER_FILES`. */
const FOLDER_CONTENT = [
  MESSAGE_DIRECTORY,
  SETTINGS_DIRECTORY,
  'indexlog.fld',
  ...REBUILT_FILES,
];

/**
 * The paths that are replaced. Of a folder without its subfolders, and where single messages come, these are also files that
 * the archive lacks: an index of other messages must not stay beside them, the server rebuilds it.
 */
export function collectRoots(
  { selections }: ChainEntries,
  scope: MailScope,
): string[] {
  const roots = new Set<string>();

  for (const run of selectedRuns(selections)) addRoots(roots, run, scope);

  for (const path of staleFiles(scope, [...roots])) roots.add(path);

  return [...roots];
}

/** Adds the roots of the entries of one directory: a root that holds the whole directory is that of all of them. */
function addRoots(
  roots: Set<string>,
  { table, prefix, indices }: SelectedRun,
  scope: MailScope,
): void {
  const directory = placeOf(prefix)?.path ?? '';

  for (const index of indices) {
    const root = rootOf(scope, table.name(index));
    if (root === undefined) continue;

    roots.add(root);
    if (!scope.messages && directory.startsWith(`${root}/`)) return;
  }
}

/** The files of the folders that no longer fit when the roots are replaced. */
function staleFiles(scope: MailScope, roots: readonly string[]): string[] {
  const isOneFolder = scope.folder !== undefined && !scope.withSubfolders;
  if (!scope.messages && !isOneFolder) return [];

  const children = scope.messages
    ? roots
        .map(dirname)
        .filter((directory) => basename(directory) === MESSAGE_DIRECTORY)
    : roots;
  const folders = new Set(children.map(dirname));
  const names = scope.messages ? REBUILT_FILES : FOLDER_CONTENT;

  return [...folders].flatMap((folder) =>
    names.map((name) => `${folder}/${name}`),
  );
}

/**
 * The path below the store that is replaced for an entry in the scope: the folder's directory for a folder with its
 * subfolders, a file or `#msgs` of it without them, the file for a message. Undefined for entries that only come along.
 * Example: for folder `INBOX/Ärzte` of alice, `mail/example.com/alice/INBOX/&AMQ-rzte`.
 */
// eslint-disable-next-line complexity -- guards, one for each kind of scope
function rootOf(scope: MailScope, entryName: string): string | undefined {
  const path = placeOf(entryName)?.path;
  const place = path === undefined ? undefined : parseStorePath(path);
  if (path === undefined || !place || !isInScope(scope, place)) {
    return undefined;
  }

  const steps = path.replace(/\/+$/, '').split('/');
  if (scope.messages) return steps.join('/');

  const depth = depthOf(scope, steps);
  // Never a directory above what was asked for: everything else in it would go.
  if (steps.length < depth) return undefined;
  if (scope.folder === undefined || scope.withSubfolders) {
    return steps.slice(0, depth).join('/');
  }

  // Not the folder's own directory: its subfolders lie in it, and stay.
  return steps.length > depth ? steps.slice(0, depth + 1).join('/') : undefined;
}

/** The number of steps in the path of a whole scope: `mail/example.com` 2, `mail/example.com/alice/INBOX` 4. */
function depthOf(
  { user, folder }: MailScope,
  steps: readonly string[],
): number {
  if (user === undefined) return 2;

  const mailbox = steps[1] === '#public' ? 2 : 3;

  return folder === undefined ? mailbox : mailbox + folder.split('/').length;
}
