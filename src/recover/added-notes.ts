import { dirname, join } from 'node:path';
import { changePhase } from './journal.js';
import {
  type AddedFile,
  type AddedLine,
  isEnded,
  readAdded,
  writeAdded,
} from './added-list.js';
import { identityOf, lookAtDirectory } from './added-places.js';
import type { FolderEntries } from './archived-folders.js';
import type { AdditivePlan } from './plan-additive.js';
import { findJournals, type FoundJournal } from '../server/recover-journal.js';

/** What is added to a folder, and what is set aside for it: paths and their new names. */
interface FolderChanges {
  readonly plan: AdditivePlan;
  readonly asides: ReadonlyMap<string, string>;
}

/**
 * What an additive recover notes for its rollback. The first note begins a journal, so that a call that adds nothing leaves
 * none:
 *
 *   before the journal      nothing is added
 *   `swapping`, then `kept` nothing is added yet; there is nothing to swap
 *   a folder is noted       its files come next; those that did not are not there
 *   `end` is noted          all are there; until then the same call goes on with this journal
 */
export class AddedNotes {
  readonly #known = new Set<string>();
  #list: string | undefined;

  /** @param begin makes the journal, in the phase `swapping` */
  constructor(private readonly begin: () => FoundJournal) {}

  /** Notes what is about to be added to a folder, or to its `#msgs`. @throws {Error} the operating system's, with nothing of it added */
  noteFolder(
    { from, to }: { readonly from: string; readonly to: string },
    below: FolderEntries['holder'],
    { plan, asides }: FolderChanges,
  ): void {
    const holder = join(to, below);
    const lines: AddedLine[] = [];

    for (const step of plan.steps) {
      if (step.kind === 'skip') continue;

      lines.push(
        ...addedFile(
          'message',
          join(from, below, step.name),
          join(holder, step.as),
        ),
      );
    }

    for (const name of plan.addFiles) {
      lines.push(...addedFile('file', join(from, name), join(to, name)));
    }

    for (const [path, aside] of asides) {
      lines.push({ kind: 'aside', path, aside, holder });
    }

    if (lines.length === 0) return;

    writeAdded(this.#listPath(), [
      ...this.#places(holder),
      ...this.#places(to),
      ...lines,
    ]);
  }

  /** Everything is added. */
  end(): void {
    if (this.#list !== undefined) writeAdded(this.#list, [{ kind: 'end' }]);
  }

  #listPath(): string {
    this.#list ??= this.#beginList();

    return this.#list;
  }

  #beginList(): string {
    const found = this.begin();
    if (found.journal.phase !== 'kept') changePhase(found, 'kept');

    return found.journal.added ?? '';
  }

  /** A directory as it is before the first change in it, or those that will be made. */
  #places(directory: string): AddedLine[] {
    if (this.#known.has(directory)) return [];

    this.#known.add(directory);
    const before = lookAtDirectory(directory);
    if (before) return [before];

    return [
      ...this.#places(dirname(directory)),
      { kind: 'made', path: directory },
    ];
  }
}

function addedFile(
  kind: AddedFile['kind'],
  staged: string,
  path: string,
): AddedLine[] {
  const identity = identityOf(staged);

  return identity === undefined ? [] : [{ kind, path, identity }];
}

/** The journal of the same call, which died before its end: what it added and what comes now are one recover. */
export function findUnended(
  directories: readonly string[],
  call: string,
): FoundJournal | undefined {
  const all = findJournals(directories);
  const level = Math.max(0, ...all.map(({ journal }) => journal.level));
  const newest = all.find(({ journal }) => journal.level === level);
  const { added, phase, call: begun } = newest?.journal ?? {};
  const isOwn = added !== undefined && phase === 'kept' && begun === call;

  return isOwn && !isEnded(readAdded(added)) ? newest : undefined;
}
