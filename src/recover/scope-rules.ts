import { pathInMail } from '../store/entry-place.js';
import { folderNameOf } from '../store/mail-names.js';
import {
  isDirectoryInScope,
  isInScope,
  type MailScope,
} from '../store/mail-scope.js';
import {
  FOLDER_FILES,
  parseEntryDirectory,
  parseEntryPath,
} from '../store/store-path.js';
import type { FilterRules } from './entry-filter.js';

/** The entries that a recover of a part of the mail brings. Pure. */

/**
 * Wants everything in the scope. Of the folders above the scope, and of those that hold single messages of it, only the
 * files that show a folder come along. A directory's own entry, with its time and mode, lies in the directory above.
 */
export function scopeRules(scope: MailScope): FilterRules {
  const passed = foldersPassed(scope);

  return {
    choose: (directory) => {
      if (liesElsewhere(scope, directory)) return 'none';

      const place = parseEntryDirectory(directory);
      if (!place) return 'none';
      if (passed.has(folderNameOf(place)) && isFolderOf(scope, place.folder)) {
        return 'by name';
      }

      if (scope.messages) return 'none';

      return isDirectoryInScope(scope, place)
        ? 'all'
        : 'subdirectories by name';
    },

    isWanted: (entryName) => {
      const place = parseEntryPath(entryName);
      if (!place) return false;
      if (isInScope(scope, place)) return true;

      // A mailbox's own directory is shown by nothing.
      return place.folder !== '' && FOLDER_FILES.has(place.file);
    },
  };
}

/** A mailbox's own directory is passed only on the way to messages in it. */
function isFolderOf(scope: MailScope, folder: string): boolean {
  return folder !== '' || scope.messages !== undefined;
}

/** The folders that hold chosen messages, and all folders above those, or above the chosen folder, by `folderNameOf`. */
function foldersPassed(scope: MailScope): ReadonlySet<string> {
  const { domain, user, folder, messages } = scope;
  const passed = new Set<string>();

  if (messages) {
    passed.add('');
    for (const message of messages) addAbove(passed, message);
  } else if (folder !== undefined && user !== undefined) {
    addAbove(passed, folderNameOf({ domain, user, folder, isPublic: false }));
  }

  return passed;
}

/** Adds every path above a path: of `a/b/c` these are `a/b` and `a`. */
function addAbove(paths: Set<string>, path: string): void {
  let slash = path.lastIndexOf('/');

  while (slash > 0) {
    paths.add(path.slice(0, slash));
    slash = path.lastIndexOf('/', slash - 1);
  }
}

/** Tells the directories of other domains and users by their first letters: they are most of an archive. */
function liesElsewhere(
  { domain, user, messages }: MailScope,
  directory: string,
): boolean {
  if (messages || domain === undefined) return false;

  const mailbox = user === undefined ? `${domain}/` : `${domain}/${user}/`;
  const path = pathInMail(directory);

  return (
    path === undefined ||
    !(path.startsWith(mailbox) || mailbox.startsWith(path))
  );
}
