/**
 * Known oddities that make no night incomplete: a link in a mailbox, a file that no volume can hold. Pure.
 *
 *   mail/example.com/alice/old            that path; @backup/store/, which the report shows before it, may be left out
 *   mail/example.com/alice/INBOX/*.lnk    * and ? stand for anything within a step of the path
 *   mail/example.com/alice/Entwürfe/**    ** stands for any steps; folders go by their names on disk, and by those that people see
 */
import { decodeFolderName } from '../store/folder-name.js';
import { MAIL_ENTRY } from '../store/entry-place.js';
import type { BackupIssue } from './request.js';

export interface AcceptedIssues {
  /** What makes the run incomplete. */
  readonly issues: readonly BackupIssue[];
  /** What is not backed up, and is known. */
  readonly accepted: readonly BackupIssue[];
  /** Patterns that no path matches any more. */
  readonly unused: readonly string[];
}

const STORE_PREFIX = MAIL_ENTRY.replace(/mail\/$/, '');

/** Parts the issues of a run by the patterns of `[backup] accept`. */
export function splitAccepted(
  all: readonly BackupIssue[],
  patterns: readonly string[],
): AcceptedIssues {
  const matchers = patterns.map((pattern) => ({
    pattern,
    matches: toMatcher(pattern),
  }));

  const used = new Set<string>();
  const issues: BackupIssue[] = [];
  const accepted: BackupIssue[] = [];

  for (const issue of all) {
    const found = matchers.find(({ matches }) => matches(issue.name));
    if (found) used.add(found.pattern);

    (found && isOddity(issue) ? accepted : issues).push(issue);
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

function toMatcher(pattern: string): (name: string) => boolean {
  const expression = new RegExp(`^${toExpression(pattern)}$`, 'u');

  return (name) =>
    spellingsOf(name).some((spelling) => expression.test(spelling));
}

/** As an entry's name, and within the store; each as it is on disk and as people see it. */
function spellingsOf(name: string): string[] {
  const inStore = name.startsWith(STORE_PREFIX)
    ? [name.slice(STORE_PREFIX.length)]
    : [];

  return [name, ...inStore].flatMap((one) => [
    one,
    one.split('/').map(decodeFolderName).join('/'),
  ]);
}

function toExpression(pattern: string): string {
  return pattern
    .split(/(\*\*|\*|\?)/)
    .map((piece) => WILDCARDS.get(piece) ?? escape(piece))
    .join('');
}

const WILDCARDS: ReadonlyMap<string, string> = new Map([
  ['**', '.*'],
  ['*', '[^/]*'],
  ['?', '[^/]'],
]);

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
