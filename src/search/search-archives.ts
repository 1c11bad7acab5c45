import {
  type ArchiveFiles,
  isSealedArchive,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import { wholeName } from '../archive/entry-names.js';
import {
  headersIdentityOf,
  loadIndex,
  openHeaderCache,
  tellUnusable,
  writeHeaderCache,
} from '../archive/headers/header-cache.js';
import type { HeaderIndex } from '../archive/headers/header-index.js';
import { archiveName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import type { MessageQuery } from '../mail/message-query.js';
import {
  isDirectoryInScope,
  isUnlimited,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import type { MailIndex } from '../store/mailboxes.js';
import { parseStorePath } from '../store/store-path.js';
import { asksForHeaders, findCandidates } from './candidates.js';
import type { LiveMail } from './live-mail.js';
import { MailDirectories } from './mail-directories.js';
import { CandidateReader } from './read-candidates.js';
import type { SearchOptions } from './run-search.js';
import { type SightedHit, toHits } from './sighted-hits.js';

/** A search through all archives of a storage, each message once. */

export interface ArchivesSearch {
  readonly storage: Storage;
  readonly typed: TypedScope;
  readonly query: MessageQuery;
  /** The store that no longer has what is looked for; undefined: it may. */
  readonly withoutLive: LiveMail | undefined;
  /** Headers are kept beside the archives for the next search. */
  readonly keepsHeaders: boolean;
  /** Called before something is written, and when it is done. */
  readonly onWrite: (isWriting: boolean) => void;
}

export interface ArchivesReport {
  /** In the order of mailbox, folder and date. */
  readonly hits: readonly SightedHit[];
  /** Messages that were looked at: a message of several archives once. */
  readonly searched: number;
  readonly problems: readonly {
    readonly name: string;
    readonly reason: string;
  }[];
  /** The archives that were looked at, oldest first. */
  readonly archives: readonly string[];
  /** The archives that could not be looked at, or not wholly, and why. */
  readonly notes: readonly string[];
}

/** A search that is under way. */
interface Job {
  readonly search: ArchivesSearch;
  readonly files: readonly ArchiveFiles[];
  readonly options: SearchOptions;
}

/**
 * @throws {NotFoundError} when the scope names something that no archive has · {Error} the operating system's, the signal's
 */
export async function searchArchives(
  search: ArchivesSearch,
  options: SearchOptions,
): Promise<ArchivesReport> {
  const { storage } = search;
  const files = await listArchiveFiles(storage);
  // Headers are not sealed.
  const keepsHeaders = search.keepsHeaders && !files.some(isSealedArchive);
  const job = { search: { ...search, keepsHeaders }, files, options };
  const kept = keepsHeaders ? await openHeaderCache(storage) : undefined;
  let known: HeaderIndex | undefined;

  try {
    const answer = kept && (await answerFromKept(job, kept));
    if (answer?.isStale === false) return answer.report;

    if (kept && !answer && readsHeaders(search)) {
      known = await loadIndex(storage, kept);
    }
  } finally {
    kept?.close();
  }

  return answerAnew(job, known);
}

/** Where only the text is asked for, all messages are read anyway. */
function readsHeaders({ query }: ArchivesSearch): boolean {
  return query.text === undefined || asksForHeaders(query);
}

/** The answer of an index that fits these archives and this scope; undefined of any other. */
async function answerFromKept(
  job: Job,
  kept: HeaderIndex,
): Promise<Answer | undefined> {
  const { files, search } = job;
  if (!fits(kept, files)) return undefined;

  const isInScope = scopeRule(kept, search.typed);

  const isCovered = kept.directories.every(
    (directory, number) =>
      directory.isCovered || !directory.hasMessages || !isInScope(number),
  );

  return isCovered ? answerOrStale(job, kept, isInScope) : undefined;
}

/** A column that is broken is found out when it is asked for. */
async function answerOrStale(
  job: Job,
  kept: HeaderIndex,
  isInScope: ScopeRule,
): Promise<Answer> {
  try {
    return await answerFrom(job, kept, isInScope);
  } catch (error) {
    job.options.signal?.throwIfAborted();
    tellUnusable(job.search.storage, error);

    return STALE;
  }
}

function fits(
  { archives }: HeaderIndex,
  files: readonly ArchiveFiles[],
): boolean {
  return (
    archives.length === files.length &&
    files.every((own, number) => {
      const known = archives[number];

      return (
        known?.stem === own.stem && known.identity === headersIdentityOf(own)
      );
    })
  );
}

async function answerAnew(
  job: Job,
  known: HeaderIndex | undefined,
): Promise<ArchivesReport> {
  const { search, files, options } = job;
  const { storage, typed, keepsHeaders } = search;
  const request = {
    storage,
    files,
    typed,
    known,
    readsHeaders: readsHeaders(search),
  };

  // Most searches find an index that fits.
  const { buildIndex } = await import('./build-index.js');
  const { index, notes, isPassing } = await buildIndex(request, options);
  const { report } = await answerFrom(job, index, scopeRule(index, typed));

  if (keepsHeaders && index.headers && !isPassing) {
    search.onWrite(true);
    await writeHeaderCache(storage, index, options.signal);
    search.onWrite(false);
  }

  return { ...report, notes };
}

interface Answer {
  readonly report: ArchivesReport;
  /** True where the archives are not what the index says. */
  readonly isStale: boolean;
}

/** The answer of an index that is of no use. */
const STALE: Answer = {
  report: { hits: [], searched: 0, problems: [], archives: [], notes: [] },
  isStale: true,
};

async function answerFrom(
  { search, files, options }: Job,
  index: HeaderIndex,
  isInScope: ScopeRule,
): Promise<Answer> {
  const { query, withoutLive } = search;
  const { records, searched } = await findCandidates(index, query, isInScope);

  const gone = withoutLive
    ? await withoutThoseLive(index, records, withoutLive)
    : records;
  const reader = new CandidateReader(index, files, query, options);
  const { found, problems, isStale } = await reader.read(gone);
  const hits = toHits(index, found);

  return {
    report: {
      hits: withoutLive ? hits.filter((hit) => !withoutLive.has(hit)) : hits,
      searched,
      problems,
      archives: index.archives.flatMap(({ stem, isPoint }) =>
        isPoint ? archiveName(stem) : [],
      ),
      notes: index.archives.flatMap(({ note }) => note ?? []),
    },
    isStale,
  };
}

/** Most mail is still there, and need not be read for this. */
async function withoutThoseLive(
  { directories, records, headers, unread }: HeaderIndex,
  candidates: readonly number[],
  live: LiveMail,
): Promise<readonly number[]> {
  const ids = await headers?.text('messageId');
  if (!ids) return candidates;

  return candidates.filter((record) => {
    if (unread.has(record)) return true;

    const directory = directories[records.directories[record] ?? 0]?.path ?? '';
    const storePath = wholeName(directory + records.files.line(record));

    return !live.has({ storePath, messageId: ids.line(record) });
  });
}

/** Says for the number of a directory whether it is searched. */
type ScopeRule = (directory: number) => boolean;

/** @throws {NotFoundError} when the scope names something that no archive has */
function scopeRule(index: HeaderIndex, typed: TypedScope): ScopeRule {
  if (isUnlimited(typed)) return () => true;

  const { directories } = index;
  const scope = resolveScope(mailboxesOf(index), typed);

  const isIn = directories.map(({ path }) => {
    const place = parseStorePath(path);

    return place !== undefined && isDirectoryInScope(scope, place);
  });

  return (directory) => isIn[directory] === true;
}

function mailboxesOf({ directories }: HeaderIndex): MailIndex {
  return new MailDirectories(directories).mailboxes;
}
