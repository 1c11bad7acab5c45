import { errnoOf } from '../errors.js';
import { LAST_TICKS } from '../platform/file-times.js';
import { isGone } from '../platform/look-again.js';
import { Turns } from '../platform/turns.js';
import { checksumStored } from '../store/checksum.js';
import type { SkippedPath } from '../store/list-directory.js';
import type { LiveDirectory } from '../store/walk-live.js';
import type {
  ComparableDirectory,
  ComparableFiles,
} from './comparable-files.js';
import type { EntryFacts } from './same-file.js';
import { TimePrecision } from './zip/entry-table.js';

/** The live store as the later of two moments. */

/** Told of a file whose content had to decide and cannot be read. */
export type OnUnread = (path: SkippedPath) => void;

/** @param live what `walkLive` finds */
export async function* liveTree(
  live: AsyncIterable<LiveDirectory>,
  onUnread?: OnUnread,
): AsyncGenerator<ComparableDirectory> {
  const turns = new Turns();

  for await (const directory of live) {
    yield {
      files: directory.isListed
        ? new LiveFiles(directory, turns, onUnread)
        : undefined,
      skipped: directory.skipped.map(({ name }) => name),
    };
  }
}

/** The files of one live directory. */
export class LiveFiles implements ComparableFiles {
  constructor(
    private readonly live: LiveDirectory,
    private readonly turns: Turns,
    private readonly onUnread?: OnUnread,
  ) {}

  get prefix(): string {
    return this.live.prefix;
  }

  get names(): readonly string[] {
    return this.live.names;
  }

  /** Absolute. */
  pathOf(file: number): string {
    return `${this.live.listed.directory}/${this.names[file] ?? ''}`;
  }

  sizeAt(file: number): number {
    return this.live.sizes[file] ?? 0;
  }

  factsAt(file: number): EntryFacts {
    return {
      sizeBytes: this.sizeAt(file),
      mtimeTicks: this.live.mtimes[file] ?? 0n,
      precision: TimePrecision.tick,
      takenAtTicks: LAST_TICKS,
    };
  }

  crcAt(): undefined {
    return undefined;
  }

  async readCrcAt(file: number): Promise<number | undefined> {
    const { followsLinks } = this.live.listed;

    try {
      return await checksumStored(
        this.pathOf(file),
        { followsLinks },
        this.turns,
      );
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;

      if (!isGone(error)) {
        const name = this.prefix + (this.names[file] ?? '');
        this.onUnread?.({ name, reason: `cannot be read: ${errno}`, errno });
      }

      return undefined;
    }
  }
}
