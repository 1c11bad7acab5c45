import type { ArchiveState } from '../archive/archive-state.js';
import type { ArchiveFiles } from '../archive/backup-directory.js';
import type { ChainIndex } from '../archive/chain-index.js';
import type {
  HeaderIndex,
  IndexedArchive,
} from '../archive/headers/header-index.js';
import { inspectArchives } from '../archive/inspect.js';
import { archiveName } from '../archive/names.js';
import type { Storage } from '../archive/storage.js';
import {
  isDirectoryInScope,
  isUnlimited,
  type MailScope,
  resolveScope,
  type TypedScope,
} from '../store/mail-scope.js';
import { collectGarbage } from '../platform/collect-garbage.js';
import { IndexBuilder } from './index-builder.js';
import { MailDirectories } from './mail-directories.js';
import {
  describeArchive,
  inSearchOrder,
  type Look,
  lookAt,
} from './mail-points.js';
import { HeaderColumns } from './read-headers.js';
import type { SearchOptions } from './run-search.js';

/** Reads the central directories of all archives, and the headers of what no earlier search has read. */

/** Their central directories and their records leave tens of megabytes. */
const MANY_MESSAGES = 50_000;

export interface IndexRequest {
  readonly storage: Storage;
  /** All archives of the storage, oldest first. */
  readonly files: readonly ArchiveFiles[];
  readonly typed: TypedScope;
  /** An index of earlier, whose records need not be read again. Its archives may be others. */
  readonly known: HeaderIndex | undefined;
  readonly readsHeaders: boolean;
}

export interface BuiltIndex {
  readonly index: HeaderIndex;
  readonly notes: readonly string[];
  /** True where the system refused something: another search may find more. */
  readonly isPassing: boolean;
}

/** @throws {NotFoundError} when the scope names something that no archive has · {Error} the signal's reason */
export async function buildIndex(
  request: IndexRequest,
  options: SearchOptions,
): Promise<BuiltIndex> {
  const { storage, files, known } = request;
  const states = inSearchOrder(await inspectArchives(storage, files));
  const directories = new MailDirectories(known?.directories ?? []);

  const scope = isUnlimited(request.typed)
    ? undefined
    : await findScope(request, states, directories);

  const builder = new Build(request, states, directories, scope);
  await builder.run(options);

  return builder.finish();
}

/** What was named is looked up among all that any archive has, before a message is read. */
async function findScope(
  { typed }: IndexRequest,
  states: readonly ArchiveState[],
  directories: MailDirectories,
): Promise<MailScope> {
  for (const state of states) {
    await lookAt(state, (chain) => addDirectories(directories, chain));
  }

  return resolveScope(directories.mailboxes, typed);
}

function addDirectories(
  directories: MailDirectories,
  { archives }: ChainIndex,
): Promise<void> {
  for (const opened of archives) directories.addArchive(opened);

  return Promise.resolve();
}

/** One run over all archives. */
class Build {
  readonly #looks = new Map<string, Look>();
  readonly #builder: IndexBuilder;
  readonly #isWanted: (directory: number) => boolean;
  #columns: HeaderColumns | undefined;

  constructor(
    private readonly request: IndexRequest,
    private readonly states: readonly ArchiveState[],
    private readonly directories: MailDirectories,
    scope: MailScope | undefined,
  ) {
    const stems = request.files.map(({ stem }) => stem);

    this.#isWanted = this.#wanted(scope);
    this.#builder = new IndexBuilder(
      stems,
      directories,
      this.#isWanted,
      request.known?.records,
    );
  }

  async run(options: SearchOptions): Promise<void> {
    const { known, readsHeaders } = this.request;

    if (readsHeaders) {
      this.#columns = await HeaderColumns.open(
        known?.headers,
        known?.unread ?? new Set(),
        options,
      );
    }

    try {
      for (const state of this.states) {
        // A signal is heard between two archives.
        await new Promise(setImmediate);
        options.signal?.throwIfAborted();

        this.#tell(state, options);
        const look = await lookAt(state, (chain) => this.#add(chain));
        this.#looks.set(state.facts.files.stem, look);
      }
    } finally {
      await this.#columns?.close();
    }
  }

  finish(): BuiltIndex {
    const failure = this.#columns?.failure;
    const looks = [...this.#looks.values()];

    const index: HeaderIndex = {
      archives: this.#describeArchives(),
      directories: this.directories.describe(
        (directory) => this.#columns !== undefined && this.#isWanted(directory),
      ),
      records: this.#builder.records,
      headers: this.#columns?.finish(),
      unread: this.#columns?.unread ?? new Set(),
    };

    const { harmful } = this.#builder;

    return {
      index,
      notes: [
        ...looks.flatMap(({ note }) => note ?? []),
        ...(failure === undefined
          ? []
          : [`some mail cannot be read: ${failure}`]),
        ...(harmful.length === 0 ? [] : [describeHarmful(harmful)]),
      ],
      isPassing:
        failure !== undefined ||
        harmful.length > 0 ||
        looks.some(({ isPassing }) => isPassing),
    };
  }

  async #add(chain: ChainIndex): Promise<void> {
    await addDirectories(this.directories, chain);
    const added = this.#builder.addPoint(chain);
    const messages = added.reduce(
      (sum, { indices }) => sum + indices.length,
      0,
    );

    // Threads take memory of their own: what the central directories left goes before they start.
    if (messages > MANY_MESSAGES) await collectGarbage();

    await this.#columns?.read(added);
  }

  /** Everything, or what is named and what an earlier search has read. */
  #wanted(scope: MailScope | undefined): (directory: number) => boolean {
    if (!scope) return () => true;

    const earlier = this.request.known?.directories ?? [];
    const hadAll =
      earlier.length > 0 && earlier.every(({ isCovered }) => isCovered);
    if (hadAll) return () => true;

    return (directory) => {
      const place = this.directories.placeOf(directory);

      return (
        earlier[directory]?.isCovered === true ||
        (place !== undefined && isDirectoryInScope(scope, place))
      );
    };
  }

  #describeArchives(): IndexedArchive[] {
    const { files } = this.request;
    const stems = files.map(({ stem }) => stem);

    return files.flatMap((own) => {
      const state = this.states.find(({ facts }) => facts.files === own);
      const look = this.#looks.get(own.stem);

      return look ? describeArchive(own, state?.base?.files, stems, look) : [];
    });
  }

  #tell({ facts }: ArchiveState, { onProgress }: SearchOptions): void {
    onProgress?.({
      phase: 'searching',
      doneItems: this.#builder.records.count,
      doneBytes: 0,
      current: archiveName(facts.files.stem),
    });
  }
}

function describeHarmful([first = '', ...more]: readonly string[]): string {
  const others = more.length === 0 ? '' : ` and ${String(more.length)} others`;

  return `entries whose names were made to do harm are left out: ${JSON.stringify(first)}${others}`;
}
