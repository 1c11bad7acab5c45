/** The folders and users that a server leaves out of its backups on purpose: `[backup] exclude`. Pure. */
import { INSTALL_COMPONENTS } from './components.js';
import { entryNameOf, MAIL_ENTRY } from './entry-place.js';
import { type PathMatcher, pathMatcher } from './path-patterns.js';

/** A directory and all below it are left out where a pattern names the directory. */
export class LeftOutPaths {
  readonly #matchers: readonly NamedMatcher[];
  /** Names come directory by directory. */
  #last = {
    directory: '',
    isCovered: false,
  };

  constructor(readonly patterns: readonly string[]) {
    this.#matchers = patterns.map((pattern) => ({
      pattern,
      matches: folderMatcher(pattern),
    }));
  }

  get isEmpty(): boolean {
    return this.#matchers.length === 0;
  }

  /** The patterns that name this very directory. @param directory its entry name, with its final `/` */
  patternsOf(directory: string): string[] {
    const name = directory.slice(0, -1);

    return this.#matchers
      .filter(({ matches }) => matches(name))
      .map(({ pattern }) => pattern);
  }

  /** Says whether a file lies in such a directory, or a directory in one or is one itself. @param entryName a directory's ends in `/` */
  covers(entryName: string): boolean {
    if (this.isEmpty) return false;

    const directory = entryName.slice(0, entryName.lastIndexOf('/') + 1);

    if (directory !== this.#last.directory) {
      this.#last = {
        directory,
        isCovered: this.#coversDirectory(directory),
      };
    }

    return this.#last.isCovered;
  }

  #coversDirectory(directory: string): boolean {
    for (
      let slash = directory.indexOf('/');
      slash >= 0;
      slash = directory.indexOf('/', slash + 1)
    ) {
      const above = directory.slice(0, slash + 1);
      if (this.patternsOf(above).length > 0) return true;
    }

    return false;
  }
}

interface NamedMatcher {
  readonly pattern: string;
  readonly matches: PathMatcher;
}

/** Who leaves out all that is in a folder leaves out the folder. */
function folderMatcher(pattern: string): PathMatcher {
  return pathMatcher(pattern.replace(/(?:\/\*\*|\/)$/, ''));
}

const ROOTS = ['@backup', entryNameOf('store', '').slice(0, -1)];
const CONFIGURATION = [
  'mailserver.cfg',
  'users.cfg',
  'cluster.cfg',
  ...INSTALL_COMPONENTS.map((name) => entryNameOf('install', name)),
];
/** Whoever names both of them names every domain. */
const ANY_DOMAINS = ['a', 'zz.example'].map((name) => MAIL_ENTRY + name);

/** The fault of a pattern that would leave out what no backup may lack; undefined where there is none. */
export function faultOfExclude(pattern: string): string | undefined {
  const matches = folderMatcher(pattern);

  if (ROOTS.some(matches)) return 'would leave out everything';
  if (matches(MAIL_ENTRY.slice(0, -1)) || ANY_DOMAINS.every(matches)) {
    return 'would leave out all mail';
  }

  return CONFIGURATION.some(matches)
    ? "would leave out the server's configuration"
    : undefined;
}
