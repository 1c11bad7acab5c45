import { resolve } from 'node:path';
import { wholeName } from '../archive/entry-names.js';
import type { Selection } from '../archive/read/read-archive.js';
import { NotFoundError } from '../errors.js';
import { type Chain, describePassed, readPoint } from '../recover/chain.js';
import {
  checkChosen,
  type OpenChain,
  openChain,
  selectUnchecked,
} from '../recover/entries.js';
import { findIn, judgeDamage, judgeVolumes } from '../recover/judge-damage.js';
import { wantOfMail } from '../recover/scope.js';
import { hasMessageName } from '../store/message-file.js';
import { folderNameOf, mailboxNameOf } from '../store/mail-names.js';
import {
  isInScope,
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { MailIndex } from '../store/mailboxes.js';
import {
  fileIn,
  parseEntryDirectory,
  type StoreDirectory,
  type StorePath,
} from '../store/store-path.js';

/** The mail of a point in time, as far as it was asked for. */
export interface MailSource {
  readonly chain: Chain;
  /** Everything that is there, whatever the scope. */
  readonly index: MailIndex;
  readonly scope: MailScope;
  /** Message entries, with all parts of those that were split. */
  readonly messages: readonly Selection[];
  /** The folders' index.fld. */
  readonly indexes: readonly Selection[];
  /** What Outlook keeps in the form of messages and nobody takes for any: the settings in `#assoc`. */
  readonly hiddenItems: number;
  readonly counts: {
    readonly mailboxes: number;
    readonly folders: number;
    readonly messages: number;
  };
  /** Newer archives that were passed over, and damage that is not in the way. */
  readonly notes: readonly string[];
}

type FoundMail = Omit<MailSource, 'notes'>;

interface ScopeValues {
  readonly domain?: string | undefined;
  readonly user?: string | undefined;
  readonly folder?: string | undefined;
  readonly subfolders: boolean;
}

export function toTypedScope(flags: ScopeValues): TypedScope {
  const { domain, user, folder, subfolders } = flags;
  return { domain, user, folder, withSubfolders: subfolders };
}

/** What mail is opened for: browsing shows it, a search reads it and names what is damaged, an export is whole or not made. */
export type MailUse = 'browse' | 'search' | 'export';

/**
 * Finds the mail in a backup directory or an archive (and the full below it), and of it what the scope names.
 * @throws {NotFoundError} when the scope names something that is not there, or nothing is
 * @throws {DamagedArchiveError} when damage touches what the scope names
 */
export async function openMail(
  from: string,
  typed: TypedScope,
  use: MailUse,
): Promise<MailSource> {
  return readPoint(resolve(from), (chain) => readMail(chain, typed, use));
}

async function readMail(
  chain: Chain,
  typed: TypedScope,
  use: MailUse,
): Promise<MailSource> {
  const opened = await openChain(chain);
  const settings: StorePath[] = [];

  const selections = selectUnchecked(opened, (prefix) => {
    if (storePathOf(prefix) === undefined) return false;
    return (name) => {
      const place = storePathOf(name);
      if (!place) return false;
      if (!place.isMessage && hasMessageName(name)) settings.push(place);
      return place.isMessage || place.file === 'index.fld';
    };
  });

  const index = new MailIndex();

  forEachPlace(selections, (place, table, at) => {
    const part = table.part(at);
    if ((part?.index ?? 0) > 0) return;

    index.add(
      place,
      place.isMessage ? (part?.totalBytes ?? table.size(at)) : 0,
      place.isMessage ? 1 : 0,
    );
    if (place.isMessage && !place.isNumbered) index.addMisplaced(place);
  });

  if (index.mailboxes.size === 0) {
    throw new NotFoundError(
      `${chain.point.facts.files.stem}.zip holds no mail`,
    );
  }

  const scope = findIn(opened, () => resolveScope(index, typed));
  const hiddenItems = settings.filter((place) =>
    isInScope({ ...scope, messages: undefined }, place),
  ).length;

  const source = narrow(
    { chain, index, messages: selections, indexes: selections, hiddenItems },
    scope,
  );

  checkChosen(opened, [...source.messages, ...source.indexes]);

  return { ...source, notes: await judge(opened, source, use) };
}

/** Newer archives that were passed over, and damage that is not in the way. */
async function judge(
  opened: OpenChain,
  { chain, messages, scope }: FoundMail,
  use: MailUse,
): Promise<string[]> {
  const passed = describePassed(chain);
  if (use === 'browse') return passed;

  const want = wantOfMail(scope);

  const notes =
    use === 'search'
      ? judgeVolumes(opened, want)
      : await judgeDamage(opened, messages, want);

  return [...passed, ...notes];
}

/** The same mail, further narrowed to messages by their entries' places. */
export function onlyMessages(
  source: MailSource,
  isWanted: (place: StorePath) => boolean,
): MailSource {
  const places = countPlaces(source.messages, isWanted);
  return {
    ...source,
    messages: filterPlaces(source.messages, isWanted),
    counts: places,
  };
}

function narrow(
  all: Omit<FoundMail, 'scope' | 'counts'>,
  scope: MailScope,
): FoundMail {
  const isMessage = (place: StorePath): boolean =>
    place.isMessage && isInScope(scope, place);
  const isIndex = (place: StorePath): boolean =>
    !place.isMessage && isInScope({ ...scope, messages: undefined }, place);

  return {
    ...all,
    scope,
    messages: filterPlaces(all.messages, isMessage),
    indexes: filterPlaces(all.indexes, isIndex),
    counts: countPlaces(all.messages, isMessage),
  };
}

/** What the directories of entries stand for: a few hundred for hundreds of thousands of messages. */
const directories = new Map<string, StoreDirectory | undefined>();

function storePathOf(entryName: string): StorePath | undefined {
  const name = wholeName(entryName);
  const slash = name.lastIndexOf('/') + 1;
  const directory = name.slice(0, slash);

  if (!directories.has(directory)) {
    directories.set(directory, parseEntryDirectory(directory));
  }

  const known = directories.get(directory);
  if (!known) return undefined;

  return fileIn(known, name.slice(slash));
}

function forEachPlace(
  selections: readonly Selection[],
  visit: (place: StorePath, table: Selection['table'], index: number) => void,
): void {
  for (const { table, indices } of selections) {
    for (const index of indices) {
      const place = storePathOf(table.name(index));
      if (place) visit(place, table, index);
    }
  }
}

function filterPlaces(
  selections: readonly Selection[],
  isWanted: (place: StorePath) => boolean,
): Selection[] {
  return selections.map(({ volumePath, table, indices }) => ({
    volumePath,
    table,
    indices: indices.filter((index) => {
      const place = storePathOf(table.name(index));
      return place !== undefined && isWanted(place);
    }),
  }));
}

function countPlaces(
  selections: readonly Selection[],
  isWanted: (place: StorePath) => boolean,
): MailSource['counts'] {
  const [mailboxes, folders] = [new Set<string>(), new Set<string>()];
  let messages = 0;

  forEachPlace(selections, (place, table, index) => {
    if (!isWanted(place) || (table.part(index)?.index ?? 0) > 0) return;
    messages++;
    mailboxes.add(mailboxNameOf(place));
    folders.add(folderNameOf(place));
  });

  return { mailboxes: mailboxes.size, folders: folders.size, messages };
}

/** Without the later parts of split messages: a search looks at the first. */
export function firstParts(selections: readonly Selection[]): Selection[] {
  return selections.map(({ volumePath, table, indices }) => ({
    volumePath,
    table,
    indices: indices.filter((index) => (table.part(index)?.index ?? 0) === 0),
  }));
}
