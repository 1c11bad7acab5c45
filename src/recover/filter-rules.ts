import type { Component } from '../store/components.js';
import { placeOf, sharedPlaceOf } from '../store/entry-place.js';
import { folderNameOf } from '../store/mail-names.js';
import { hasMessageName } from '../store/message-file.js';
import {
  INDEX_FILE,
  parseEntryDirectory,
  parseEntryPath,
} from '../store/store-path.js';
import type { EntryFilter, FilterRules } from './entry-filter.js';
import { scopeRules } from './scope-rules.js';

/** The meaning of each kind of filter. Pure. */

/** The rules of a filter. */
export function rulesOf(filter: EntryFilter): FilterRules {
  switch (filter.kind) {
    case 'everything':
      return { choose: () => 'all', isWanted: () => true };
    case 'components':
      return componentRules(filter.components);
    case 'scope':
      return scopeRules(filter.scope);
    case 'folder messages':
      return folderRules(filter.folder);
    case 'mail and indexes':
      return MAIL_RULES;
  }
}

function componentRules(components: ReadonlySet<Component>): FilterRules {
  return {
    choose: (directory) => {
      const shared = sharedPlaceOf(directory);
      if (!shared) return 'by name';

      return components.has(shared.component) ? 'all' : 'none';
    },
    isWanted: (entryName) => {
      const place = placeOf(entryName);

      return place !== undefined && components.has(place.component);
    },
  };
}

function folderRules(folder: string): FilterRules {
  return {
    choose: (directory) => {
      const place = parseEntryDirectory(directory);

      return place && folderNameOf(place) === folder ? 'by name' : 'none';
    },
    isWanted: (entryName) => parseEntryPath(entryName)?.isMessage === true,
  };
}

const MAIL_RULES: FilterRules = {
  choose: (directory) => (parseEntryDirectory(directory) ? 'by name' : 'none'),
  isWanted: (entryName) =>
    hasMessageName(entryName) ||
    (entryName.endsWith(`/${INDEX_FILE}`) &&
      parseEntryPath(entryName)?.file === INDEX_FILE),
};
