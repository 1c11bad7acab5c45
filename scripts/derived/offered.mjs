// Where completion asks the program for words: each script for a shell takes it from here.

/** Flags whose values `kms-backup complete` lists. */
export const OFFERED = { domain: 'domains', folder: 'folders', user: 'users' };

/** Commands whose arguments are archives; any other path will do as well. */
export const OF_ARCHIVES = [
  'diff',
  'drill',
  'export',
  'list-archives',
  'pin',
  'recover',
  'search',
  'unpin',
  'verify',
];

/** Commands whose arguments are no paths. */
export const OF_WORDS = {
  'config set': 'keys',
  'target rm': 'targets',
  'target show': 'targets',
  'target test': 'targets',
};
