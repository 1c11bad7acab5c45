import { keepSound, type SoundChain } from '../archive/salvage/keep-sound.js';
import { type Missing, missingPart } from '../archive/salvage/missing.js';
import type { SalvagedChain } from '../archive/salvage/open-chain.js';
import type { Selection } from '../archive/read/read-archive.js';
import { archiveName } from '../archive/names.js';
import { DamagedArchiveError } from '../errors.js';
import type { SalvageControl } from '../archive/salvage/prove-row.js';
import { missingMessages } from './lost-volumes.js';
import type { Want } from './want.js';

/**
 * Leaves out of the wanted entries what is damaged, and names all that is missing of what is wanted.
 * @param selections of the salvaged chain's tables, each table once
 * @throws {DamagedArchiveError} where nothing of it is left
 */
export async function salvageWanted(
  salvaged: SalvagedChain,
  selections: readonly Selection[],
  want: Want,
  control: SalvageControl,
): Promise<SoundChain> {
  const lacking = lackingOf(salvaged, want);
  const sound = await keepSound(salvaged, selections, control);
  const missing = [...lacking.missing, ...sound.missing];
  const isEmpty = sound.index.archives.every(({ archive }) =>
    archive.volumes.every(({ table }) => table.count === 0),
  );

  if (isEmpty && missing.length > 0) throw nothingLeft(salvaged, missing);

  return {
    index: sound.index,
    missing,
    notes: [...salvaged.notes, ...lacking.notes, ...sound.notes],
  };
}

/** The parts of the archives that are gone and may have held what is wanted; of those that did not, notes. */
function lackingOf(
  { index, missing }: SalvagedChain,
  want: Want,
): { readonly missing: readonly Missing[]; readonly notes: readonly string[] } {
  const counts = missingMessages(index, want);
  const isOwnPart = ({ archive }: Missing): boolean =>
    archive === archiveName(index.point.facts.files.stem);
  const isDifferential = index.archives.length > 1;

  /** Mail that a lost part of a differential replaces is still there, as it was in the full. */
  const isNothing = (part: Missing): boolean =>
    counts?.size === 0 &&
    isOnlyMail(want) &&
    (part.kind === 'volume' || part.kind === 'break') &&
    !(isDifferential && isOwnPart(part));

  const { stem } = index.point.facts.files;
  const mailboxes = [...(counts ?? [])].map(([mailbox, messages]) =>
    missingPart(
      'mailbox',
      { stem },
      {
        name: mailbox,
        messages,
        reason:
          'so many more messages did the store have than the archive has names of',
      },
    ),
  );

  return {
    missing: [...missing.filter((part) => !isNothing(part)), ...mailboxes],
    notes: missing
      .filter(isNothing)
      .map(({ name }) => `nothing of what was asked for lies in ${name}`),
  };
}

function isOnlyMail({ components }: Want): boolean {
  return components?.size === 1 && components.has('mail');
}

function nothingLeft(
  { chain }: SalvagedChain,
  [first]: readonly Missing[],
): DamagedArchiveError {
  const { stem } = chain.point.facts.files;
  const reason = first ? `: ${first.name}: ${first.reason}` : '';

  return new DamagedArchiveError(
    `nothing of what was asked for is left of ${archiveName(stem)}${reason}`,
    { hints: ['Use another archive.'] },
  );
}
