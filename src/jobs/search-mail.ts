/** A search through the mail of all archives, or of one point in time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { archiveName } from '../archive/names.js';
import { readPoint } from '../archive/chain.js';
import type { ArchivePlace } from '../archive/storages.js';
import { errnoOf, KmsError, UsageError } from '../errors.js';
import { EVERY_MESSAGE, type MessageQuery } from '../mail/message-query.js';
import { LiveMail, onlyDeleted } from '../search/live-mail.js';
import { searchMessages, type SearchReport } from '../search/run-search.js';
import {
  type ArchivesReport,
  searchArchives,
} from '../search/search-archives.js';
import type { SightedHit } from '../search/sighted-hits.js';
import type { RunControl } from './backup-request.js';
import { firstPieces } from './mail-places.js';
import { type QueryFlags, toQuery } from './mail-query.js';
import { archivePathIn, locate } from './archive-places.js';
import { openMail, type ScopeFlags, toTypedScope } from './select-mail.js';
import { findServerSettings, openServer, type ServerFlags } from './server.js';
import { choose, type SourceFlags, STORE_DIR } from './setting-sources.js';

export interface SearchFlags
  extends QueryFlags, ScopeFlags, ServerFlags, SourceFlags {
  readonly deleted: boolean;
  /** Only the newest point of a directory. */
  readonly newest: boolean;
  /** Headers are kept beside the archives for the next search. */
  readonly cache: boolean;
}

/** The messages that are looked for, and the place. */
export interface MailSearch {
  readonly query: MessageQuery;
  /** The store that no longer has what is looked for; undefined: it may. */
  readonly storeDir: string | undefined;
  readonly flags: SearchFlags;
}

/** A message that was found. */
export interface MailHit extends SightedHit {
  /** Whether the store has it; undefined where no store is known. */
  readonly isLive: boolean | undefined;
  /** The file of its archive, as a recover takes it. */
  readonly archivePath: string;
}

/** The messages that a search found. */
export interface FoundMail extends Omit<SearchReport, 'hits'> {
  readonly hits: readonly MailHit[];
  /** The archives that were looked through, oldest first. */
  readonly archives: readonly string[];
  /** True where one point in time was looked through, and nothing is known of the others. */
  readonly isOnePoint: boolean;
  /** True where an archive could not be looked at, or not wholly. */
  readonly isIncomplete: boolean;
  readonly warnings: readonly string[];
}

/** What a command does while a search runs. */
export interface SearchControl extends RunControl {
  /** Called before something is written, and when it is done. */
  readonly onWrite: (isWriting: boolean) => void;
}

/** @throws {UsageError} when the flags look for nothing · {NotFoundError} without a server whose store is needed */
export function toMailSearch(flags: SearchFlags): MailSearch {
  const query = toQuery(flags) ?? (hasScope(flags) ? EVERY_MESSAGE : undefined);

  if (!query) {
    throw new UsageError('search for what?', {
      hints: ['Add --subject, --from, --text, … or --user.'],
    });
  }

  return { query, flags, storeDir: flags.deleted ? storeOf(flags) : undefined };
}

/**
 * Looks through mail. Damaged messages and archives are listed, not an error, as long as there is an archive that can be
 * looked at.
 * @throws as `readPoint`
 */
export async function searchMail(
  from: string,
  search: MailSearch,
  control: SearchControl,
): Promise<FoundMail> {
  const place = locate(from, search.flags);
  const isOnePoint = place.fileName !== undefined || search.flags.newest;
  const looked = { ...search, place, given: from };

  return isOnePoint ? searchPoint(looked, control) : searchAll(looked, control);
}

/** A search, and the archives that it looks through. */
interface PlacedSearch extends MailSearch {
  readonly place: ArchivePlace;
  /** The argument that named them. */
  readonly given: string;
}

/** One point in time. */
async function searchPoint(
  { place, given, query, storeDir, flags }: PlacedSearch,
  control: RunControl,
): Promise<FoundMail> {
  const source = await openMail(place, toTypedScope(flags), 'search');
  const report = await searchMessages(firstPieces(source.messages), query, {
    threads: flags.threads,
    ...control,
  });

  const archive = archiveName(source.chain.point.facts.files.stem);
  const hits =
    storeDir === undefined ? report.hits : onlyDeleted(report.hits, storeDir);

  return {
    ...report,
    hits: hits.map((hit) => ({
      ...hit,
      lastSeen: source.chain.point.facts.files.takenAt,
      goneSince: undefined,
      isGoneKnown: false,
      isLive: storeDir === undefined ? undefined : false,
      archive,
      archivePath: archivePathIn(place, given, archive),
    })),
    archives: source.chain.archives.map(({ stem }) => archiveName(stem)),
    isOnePoint: true,
    isIncomplete: false,
    warnings: source.notes,
  };
}

async function searchAll(
  { place, given, query, storeDir, flags }: PlacedSearch,
  { onWrite, ...control }: SearchControl,
): Promise<FoundMail> {
  const report = await searchArchives(
    {
      storage: place.storage,
      typed: toTypedScope(flags),
      query,
      withoutLive: storeDir === undefined ? undefined : new LiveMail(storeDir),
      keepsHeaders: flags.cache,
      onWrite,
    },
    { threads: flags.threads, ...control },
  );

  // Where no archive can be looked at, the error of the newest says why.
  if (report.archives.length === 0) {
    await readPoint(place, () => Promise.resolve());
  }

  const { notes, ...found } = report;

  return {
    ...found,
    hits: withLife(report, storeDir, flags).map((hit) => ({
      ...hit,
      archivePath: archivePathIn(place, given, hit.archive),
    })),
    isOnePoint: false,
    isIncomplete: notes.length > 0,
    warnings: notes,
  };
}

/** Looks for each of the hits in the store, where one is known. */
function withLife(
  { hits }: ArchivesReport,
  storeDir: string | undefined,
  flags: SearchFlags,
): Omit<MailHit, 'archivePath'>[] {
  if (storeDir !== undefined) {
    return hits.map((hit) => ({ ...hit, isLive: false }));
  }

  const known = knownStoreOf(flags);
  const live = known === undefined ? undefined : new LiveMail(known);

  return hits.map((hit) => ({ ...hit, isLive: live && isLive(live, hit) }));
}

/** Undefined where the system does not let this user look. */
function isLive(live: LiveMail, hit: SightedHit): boolean | undefined {
  try {
    return live.has(hit);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return undefined;
  }
}

/** The store, as far as it is there: without one a search finds what it finds. */
function knownStoreOf(flags: SearchFlags): string | undefined {
  try {
    const server =
      flags.store === undefined ? findServerSettings(flags) : undefined;
    if (flags.store === undefined && !server) return undefined;

    const storeDir = choose(STORE_DIR, { flags, server });

    return existsSync(join(storeDir, 'mail')) ? storeDir : undefined;
  } catch (error) {
    if (error instanceof KmsError) return undefined;

    throw error;
  }
}

/** The server is asked for only where no flag names a store. */
function storeOf(flags: SearchFlags): string {
  const server =
    flags.store === undefined ? openServer(flags).settings : undefined;

  return choose(STORE_DIR, { flags, server });
}

function hasScope({ deleted, domain, user, folder }: SearchFlags): boolean {
  return deleted || [domain, user, folder].some((part) => part !== undefined);
}
