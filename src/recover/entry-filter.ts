import type { Component } from '../store/components.js';
import type { MailScope } from '../store/mail-scope.js';

/** The entries of an archive that a command wants, as data: it can be printed and compared. Pure. */
export type EntryFilter =
  | { readonly kind: 'everything' }
  | {
      readonly kind: 'components';
      readonly components: ReadonlySet<Component>;
    }
  /** A part of the mail, with the files that belong to its folders, and those that show the folders above. */
  | { readonly kind: 'scope'; readonly scope: MailScope }
  /** The messages of one folder, by `folderNameOf`. */
  | { readonly kind: 'folder messages'; readonly folder: string }
  /** Of all folders the messages, index.fld, and Outlook's hidden settings, which have the form of messages. */
  | { readonly kind: 'mail and indexes' };

/** The share that is wanted of one directory's entries; a subdirectory's own entry is among them. */
export type RunChoice = 'all' | 'none' | 'subdirectories by name' | 'by name';

/** A filter that is ready to be asked, a directory at a time: a million entries share few. */
export interface FilterRules {
  /** @param directory its entry name with the final `/`, empty for the archive's root */
  choose(directory: string): RunChoice;
  /** Asked where `choose` answers `by name`. @param entryName a directory's ends in `/` */
  isWanted(entryName: string): boolean;
}
