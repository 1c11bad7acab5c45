/** Known oddities that make no night incomplete: a link in a mailbox, a file that no volume can hold. Pure. */
import { pathMatcher } from '../store/path-patterns.js';
import type { BackupIssue } from './request.js';

export interface AcceptedIssues {
  /** What makes the run incomplete. */
  readonly issues: readonly BackupIssue[];
  /** What is not backed up, and is known. */
  readonly accepted: readonly BackupIssue[];
  /** Patterns that no path matches any more. */
  readonly unused: readonly string[];
}

/** Parts the issues of a run by the patterns of `[backup] accept`. */
export function splitAccepted(
  all: readonly BackupIssue[],
  patterns: readonly string[],
): AcceptedIssues {
  const matchers = patterns.map((pattern) => ({
    pattern,
    matches: pathMatcher(pattern),
  }));

  const used = new Set<string>();
  const issues: BackupIssue[] = [];
  const accepted: BackupIssue[] = [];

  for (const issue of all) {
    const found = matchers.filter(({ matches }) => matches(issue.name));
    for (const { pattern } of found) used.add(pattern);

    (found.length > 0 && isOddity(issue) ? accepted : issues).push(issue);
  }

  const unused = patterns.filter((pattern) => !used.has(pattern));

  return { issues, accepted, unused };
}

/**
 * What a file is by its nature, and will be tomorrow. Mail that cannot be read, a directory that cannot be listed, a part of the server
 * that is missing: no pattern hides them.
 */
function isOddity({ kind, isByNature }: BackupIssue): boolean {
  return kind === 'oversize' || isByNature === true;
}
