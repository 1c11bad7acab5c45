import { lstatSync } from 'node:fs';
import { readSelections } from '../archive/read/read-archive.js';
import { DamagedArchiveError, FailedError } from '../errors.js';
import { removeTree } from '../platform/remove-tree.js';
import { toSystemError } from '../platform/system-error.js';
import { syncJournal } from './journal.js';
import type { PlannedRecover } from './plan-recover.js';
import type { RecoverRequest } from './request.js';
import { beginSwap, type PlacedRecover } from './run-swap.js';
import { measureSpaces } from './space.js';
import { unitsOf } from './units.js';

/** Making room with --in-place, before anything is staged. */

/** Proves every byte of the archive, then makes room: the only way that touches the old state before the new one is there. */
export async function removeOld(
  request: RecoverRequest,
  planned: PlannedRecover,
  placed: PlacedRecover,
): Promise<void> {
  const { entries } = planned;
  const { problems } = await readSelections(entries.selections, {
    ...request,
    phase: 'verifying',
  });

  const [first] = problems;

  if (first) {
    throw new DamagedArchiveError(
      `entry ${JSON.stringify(first.name)} is damaged: ${first.reason}`,
      {
        hints: ['Nothing was changed.'],
      },
    );
  }

  // Files take no room, and without mailserver.cfg no next call would find the server.
  const units = unitsOf(request, planned, placed.tops).filter(({ live }) =>
    isDirectory(live),
  );
  syncJournal(
    beginSwap(request, planned, { ...placed, units, phase: 'emptied' }),
  );
  for (const { live } of units) removeLive(live);

  const spaces = measureSpaces(request, entries);
  if (spaces.some(({ needed, free }) => needed > free)) {
    throw new FailedError(
      'there is too little space even without the old store, which is removed',
      {
        hints: [
          'Free space, then recover again: the archive was read whole and is sound.',
        ],
      },
    );
  }
}

function removeLive(live: string): void {
  try {
    removeTree(live);
  } catch (error) {
    const fact = `${live} cannot be removed whole`;
    const hints = [
      'Part of the old state is gone (--in-place). Mend that, then run the same recover again: it goes on from here.',
    ];

    throw toSystemError(error, { fact, hints }) ?? error;
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
