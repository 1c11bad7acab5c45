/** The mail of a point in time, as far as it is asked for: what a search, an export and a person who browses look at. */
import type { Selection } from '../archive/read/read-archive.js';
import type { Missing } from '../archive/salvage/missing.js';
import type { SalvageControl } from '../archive/salvage/prove-row.js';
import { salvagePoint } from '../archive/salvage/salvage-point.js';
import type { ArchivePlace } from '../archive/storages.js';
import { NotFoundError } from '../errors.js';
import { type Chain, describePassed, readPoint } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { findIn, judgeDamage, judgeVolumes } from '../recover/judge-damage.js';
import { withNarrowChain } from '../recover/narrow-chain.js';
import { checkChosen, selectUnchecked } from '../recover/select-entries.js';
import { salvageWanted } from '../recover/salvage.js';
import { wantOfMail } from '../recover/want.js';
import {
  isInScope,
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { MailIndex } from '../store/mailboxes.js';
import { hasMessageName } from '../store/message-file.js';
import type { StorePath } from '../store/store-path.js';
import {
  countPlaces,
  filterPlaces,
  forEachPlace,
  isLater,
  joinSelections,
  type IsWanted,
  type MailCounts,
} from './mail-places.js';

/** The mail of a point in time, as far as it was asked for. */
export interface MailSource {
  readonly chain: Chain;
  /** Everything that is there, whatever the scope. */
  readonly index: MailIndex;
  readonly scope: MailScope;
  /** Message entries, with all pieces of those that were split. */
  readonly messages: readonly Selection[];
  /** The folders' index.fld. */
  readonly indexes: readonly Selection[];
  /** Items that Outlook keeps in the form of messages and nobody takes for any: the settings in `#assoc`. */
  readonly hiddenItems: number;
  readonly counts: MailCounts;
  /** Newer archives that were passed over, and damage that is not in the way. */
  readonly notes: readonly string[];
  /** What damage keeps a salvage from giving. */
  readonly lost: readonly Missing[];
}

/** The purpose that mail is opened for: browsing shows it, a search reads it and names what is damaged, an export is whole or not made. */
export type MailUse = 'browse' | 'search' | 'export';

/** The flags that name a part of the mail. */
export interface ScopeFlags {
  readonly domain?: string | undefined;
  readonly user?: string | undefined;
  readonly folder?: string | undefined;
  readonly subfolders: boolean;
}

export function toTypedScope(flags: ScopeFlags): TypedScope {
  const { domain, user, folder, subfolders } = flags;
  return { domain, user, folder, withSubfolders: subfolders };
}

/**
 * Finds the mail in a backup directory or an archive (and the full below it), and of it what the scope names.
 * @throws {NotFoundError} when the scope names something that is not there, or nothing is
 * @throws {DamagedArchiveError} when damage touches what the scope names
 */
export async function openMail(
  from: ArchivePlace,
  typed: TypedScope,
  use: MailUse,
): Promise<MailSource> {
  return readPoint(from, (chain) => readMail(chain, typed, use));
}

/** The same mail, further narrowed to messages by their entries' places. */
export function onlyMessages(
  source: MailSource,
  isWanted: IsWanted,
): MailSource {
  return {
    ...source,
    messages: filterPlaces(source.messages, isWanted),
    counts: countPlaces(source.messages, isWanted),
  };
}

async function readMail(
  chain: Chain,
  typed: TypedScope,
  use: MailUse,
): Promise<MailSource> {
  const whole = async (): Promise<MailSource> =>
    readFrom(await readChainIndex(chain), { chain, typed, use });

  // Who browses or searches sees the mailboxes and folders beside it.
  if (use !== 'export') return whole();

  return withNarrowChain(chain, typed, {
    narrow: (index) => readFrom(index, { chain, typed, use }),
    whole,
  });
}

/** The mail that is meant, and where. */
interface MeantMail {
  readonly chain: Chain;
  readonly typed: TypedScope;
  readonly use: MailUse;
}

async function readFrom(
  chainIndex: ChainIndex,
  { chain, typed, use }: MeantMail,
): Promise<MailSource> {
  const selected = selectMail(chain, chainIndex, (index) =>
    findIn(chainIndex, () => resolveScope(index, typed)),
  );

  checkChosen(chainIndex, [...selected.messages, ...selected.indexes]);

  return {
    ...selected,
    notes: await collectNotes(chainIndex, selected, use),
    lost: [],
  };
}

/**
 * Finds in a damaged archive what is left of the mail that the scope names: everything proven, and all that is lost named.
 * @throws as `openMail`
 */
export async function salvageMail(
  from: ArchivePlace,
  typed: TypedScope,
  control: SalvageControl,
): Promise<MailSource> {
  return salvagePoint(from, control, async (salvaged) => {
    const { chain } = salvaged;
    const named = selectMail(chain, salvaged.index, (index) =>
      resolveScope(index, typed),
    );
    const { scope } = named;
    const wanted = joinSelections(named.messages, named.indexes);
    const want = wantOfMail(scope);
    const left = await salvageWanted(salvaged, wanted, want, control);

    return {
      ...selectMail(chain, left.index, () => scope),
      notes: [...describePassed(chain), ...left.notes],
      lost: left.missing,
    };
  });
}

/** The mail of a chain, without a look at any data. @param scopeIn finds the part of it that is meant */
function selectMail(
  chain: Chain,
  chainIndex: ChainIndex,
  scopeIn: (index: MailIndex) => MailScope,
): Omit<MailSource, 'notes' | 'lost'> {
  const selections = selectUnchecked(chainIndex, { kind: 'mail and indexes' });
  const index = indexOf(selections);

  if (index.mailboxes.size === 0) {
    throw new NotFoundError(
      `${chain.point.facts.files.stem}.zip holds no mail`,
    );
  }

  const scope = scopeIn(index);
  const folders = { ...scope, messages: undefined };
  const isMessage = (place: StorePath): boolean =>
    place.isMessage && isInScope(scope, place);

  const messages = filterPlaces(selections, isMessage);
  const indexes = filterPlaces(
    selections,
    (place) => isIndex(place) && isInScope(folders, place),
  );

  return {
    chain,
    index,
    scope,
    messages,
    indexes,
    hiddenItems: countHidden(selections, folders),
    counts: countPlaces(selections, isMessage),
  };
}

/** Mailboxes and folders with their messages, a split one once, by its whole size. */
function indexOf(selections: readonly Selection[]): MailIndex {
  const index = new MailIndex();

  forEachPlace(selections, (place, table, at) => {
    if (isLater(table, at)) return;

    if (isIndex(place)) {
      index.add(place, 0, 0);
      return;
    }

    if (!place.isMessage) return;

    index.add(place, table.piece(at)?.totalBytes ?? table.size(at), 1);
    if (!place.isNumbered) index.addMisplaced(place);
  });

  return index;
}

/** An index.fld; the other selected files that are no messages are hidden items. */
function isIndex(place: StorePath): boolean {
  return !place.isMessage && !hasMessageName(place.file);
}

/** Counts the items in the scope that have the form of messages and are settings of Outlook. */
function countHidden(
  selections: readonly Selection[],
  scope: MailScope,
): number {
  let items = 0;

  forEachPlace(selections, (place) => {
    const isHidden = !place.isMessage && !isIndex(place);
    if (isHidden && isInScope(scope, place)) items++;
  });

  return items;
}

/** Newer archives that were passed over, and damage that is not in the way. */
async function collectNotes(
  chainIndex: ChainIndex,
  { chain, messages, scope }: Pick<MailSource, 'chain' | 'messages' | 'scope'>,
  use: MailUse,
): Promise<string[]> {
  const passed = describePassed(chain);
  if (use === 'browse') return passed;

  const want = wantOfMail(scope);

  const notes =
    use === 'search'
      ? judgeVolumes(chainIndex, want)
      : await judgeDamage(chainIndex, messages, want);

  return [...passed, ...notes];
}
