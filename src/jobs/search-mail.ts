/** A search through the mail of a point in time. */
import { archiveName } from '../archive/names.js';
import { UsageError } from '../errors.js';
import { EVERY_MESSAGE, type MessageQuery } from '../mail/message-query.js';
import { onlyDeleted } from '../search/live-mail.js';
import { searchMessages, type SearchReport } from '../search/run-search.js';
import type { RunControl } from './backup-request.js';
import { firstPieces } from './mail-places.js';
import { type QueryFlags, toQuery } from './mail-query.js';
import {
  openMail,
  type ScopeFlags,
  type MailSource,
  toTypedScope,
} from './select-mail.js';
import { openServer, type ServerFlags } from './server.js';
import { choose, type SourceFlags, STORE_DIR } from './setting-sources.js';

export interface SearchFlags
  extends QueryFlags, ScopeFlags, ServerFlags, SourceFlags {
  readonly deleted: boolean;
}

/** The messages that are looked for, and the place. */
export interface MailSearch {
  readonly query: MessageQuery;
  /** The store that no longer has what is looked for; undefined: it may. */
  readonly storeDir: string | undefined;
  readonly threads: number | undefined;
}

/** The messages that a search found. */
export interface FoundMail extends SearchReport {
  /** The archives that were looked through, the base first. */
  readonly archives: readonly string[];
  readonly warnings: readonly string[];
}

/** @throws {UsageError} when the flags look for nothing · {NotFoundError} without a server whose store is needed */
export function toMailSearch(flags: SearchFlags): MailSearch {
  const query = toQuery(flags) ?? (hasScope(flags) ? EVERY_MESSAGE : undefined);

  if (!query) {
    throw new UsageError('search for what?', {
      hints: ['Add --subject, --from, --text, … or --user.'],
    });
  }

  return {
    query,
    storeDir: flags.deleted ? storeOf(flags) : undefined,
    threads: flags.threads,
  };
}

/** @throws as `openMail` */
export async function openSearched(
  from: string,
  flags: ScopeFlags,
): Promise<MailSource> {
  return openMail(from, toTypedScope(flags), 'search');
}

/** Looks through mail. Damaged messages are listed, not an error. */
export async function searchMail(
  source: MailSource,
  { query, storeDir, threads }: MailSearch,
  control: RunControl,
): Promise<FoundMail> {
  const report = await searchMessages(firstPieces(source.messages), query, {
    threads,
    ...control,
  });

  const { hits } = report;

  return {
    ...report,
    hits: storeDir === undefined ? hits : onlyDeleted(hits, storeDir),
    archives: source.chain.archives.map(({ stem }) => archiveName(stem)),
    warnings: source.notes,
  };
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
