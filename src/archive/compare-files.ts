import type { Turns } from '../platform/turns.js';
import type { ComparableFiles } from './comparable-files.js';
import { type Likeness, likenessOf } from './same-file.js';

/**
 * The one rule of what came of the files of a directory between two moments. Pure: contents that have to decide are asked
 * of the files that the caller gives.
 *
 *   before           after                             comparison
 *   none             a.eml                             new
 *   b.eml, 12 bytes  b.eml, 10 bytes                   changed
 *   c.eml            c.eml, same size and time         same
 *   d.eml            d.eml, same size, another time    the content decides
 *   e.eml            none                              gone
 *
 * Where both moments know the checksums, as two archives do, the content decides of all that have one size.
 */

export type FileChange = 'new' | 'changed' | 'gone';

/** A file that is not the same, by its numbers in both moments. */
export interface FileDifference {
  readonly change: FileChange;
  readonly name: string;
  /** Undefined for a new one. */
  readonly before: number | undefined;
  /** Undefined for one that is gone. */
  readonly after: number | undefined;
}

/** A directory between two moments. */
export interface FilesComparison {
  readonly before: ComparableFiles;
  readonly after: ComparableFiles;
  readonly same: number;
  readonly sameBytes: number;
  /** Those that are not the same, each made when it is asked for; those that are gone come last. */
  differences(): Iterable<FileDifference>;
}

/** A file of both moments. */
interface Pair {
  readonly before: number;
  readonly after: number;
}

const NONE = -1;
const FILES_A_TURN = 1000;

/**
 * Compares the files of one directory.
 * @param skipped entry names of what is there afterwards and was not looked at: it is not gone
 */
export async function compareFiles(
  before: ComparableFiles,
  after: ComparableFiles,
  skipped: ReadonlySet<string>,
  turns: Turns,
): Promise<FilesComparison> {
  const { partners, gone } = matchNames(before, after, skipped);
  const isSame = new Uint8Array(partners.length);
  let [same, sameBytes] = [0, 0];

  for (const [at, partner] of partners.entries()) {
    if (at % FILES_A_TURN === 0) await turns.pass();
    if (partner === NONE) continue;

    const pair = { before: partner, after: at };
    const answer = compareQuickly(before, after, pair);
    const isEqual =
      typeof answer === 'boolean'
        ? answer
        : await compareContents(before, after, pair, answer);
    if (!isEqual) continue;

    isSame[at] = 1;
    same++;
    sameBytes += after.sizeAt(at);
  }

  const matched = { before, after, partners, gone, isSame };

  return {
    before,
    after,
    same,
    sameBytes,
    differences: () => differencesOf(matched),
  };
}

interface ComparedNames extends MatchedNames {
  readonly before: ComparableFiles;
  readonly after: ComparableFiles;
  /** 1 for each file after that is the same. */
  readonly isSame: Uint8Array;
}

function* differencesOf(compared: ComparedNames): Generator<FileDifference> {
  const { before, after, partners, gone, isSame } = compared;

  for (const [at, partner] of partners.entries()) {
    if (isSame[at] === 1) continue;

    const name = after.names[at] ?? '';
    yield partner === NONE
      ? { change: 'new', name, before: undefined, after: at }
      : { change: 'changed', name, before: partner, after: at };
  }

  for (const at of gone) {
    const name = before.names[at] ?? '';
    yield { change: 'gone', name, before: at, after: undefined };
  }
}

interface MatchedNames {
  /** The number before of each file after, or `NONE`. */
  readonly partners: Int32Array;
  /** The numbers before of the files that are no longer there. */
  readonly gone: readonly number[];
}

function matchNames(
  before: ComparableFiles,
  after: ComparableFiles,
  skipped: ReadonlySet<string>,
): MatchedNames {
  const partners = new Int32Array(after.names.length).fill(NONE);
  const unmatched = new Map(before.names.map((name, at) => [name, at]));

  for (const [at, name] of after.names.entries()) {
    partners[at] = unmatched.get(name) ?? NONE;
    unmatched.delete(name);
  }

  const gone = [...unmatched]
    .filter(([name]) => !skipped.has(before.prefix + name))
    .map(([, at]) => at);

  return { partners, gone };
}

/** Tells whether a file is the same; its likeness, where only the content can tell. */
function compareQuickly(
  before: ComparableFiles,
  after: ComparableFiles,
  pair: Pair,
): boolean | Likeness {
  const file = after.factsAt(pair.after);
  const entry = before.factsAt(pair.before);
  if (entry.sizeBytes !== file.sizeBytes) return false;

  const [old, now] = [before.crcAt(pair.before), after.crcAt(pair.after)];
  if (old !== undefined && now !== undefined) return old === now;

  const coarsest = entry.precision < file.precision ? entry : file;
  const likeness = likenessOf(
    { ...entry, precision: coarsest.precision },
    file,
  );

  return likeness === 'same' ? true : likeness;
}

/** Where nobody can tell the content, the time decides. */
async function compareContents(
  before: ComparableFiles,
  after: ComparableFiles,
  pair: Pair,
  likeness: Likeness,
): Promise<boolean> {
  const old = await before.readCrcAt(pair.before);
  const now = old === undefined ? old : await after.readCrcAt(pair.after);

  return old === undefined || now === undefined
    ? likeness === 'unsure'
    : old === now;
}
