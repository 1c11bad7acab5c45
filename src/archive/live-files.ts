import { LAST_TICKS } from '../platform/file-times.js';
import type { Turns } from '../platform/turns.js';
import { checksumStored } from '../store/checksum.js';
import type { LiveDirectory } from '../store/walk-live.js';
import type {
  ComparableDirectory,
  ComparableFiles,
} from './comparable-files.js';
import type { EntryFacts } from './same-file.js';
import { TimePrecision } from './zip/entry-table.js';

/** The live store as the later of two moments. */

/** @param live what `walkLive` finds */
export async function* liveTree(
  live: AsyncIterable<LiveDirectory>,
  turns: Turns,
): AsyncGenerator<ComparableDirectory & { readonly live: LiveDirectory }> {
  for await (const directory of live) {
    yield {
      live: directory,
      files: directory.isListed ? new LiveFiles(directory, turns) : undefined,
      skipped: directory.skipped.map(({ name }) => name),
    };
  }
}

/** The files of one live directory. */
export class LiveFiles implements ComparableFiles {
  constructor(
    private readonly live: LiveDirectory,
    private readonly turns: Turns,
  ) {}

  get prefix(): string {
    return this.live.prefix;
  }

  get names(): readonly string[] {
    return this.live.names;
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

  /** Undefined where the file is gone or cannot be read. */
  readCrcAt(file: number): Promise<number | undefined> {
    const { directory, ...rule } = this.live.listed;
    const path = `${directory}/${this.live.names[file] ?? ''}`;

    return checksumStored(path, rule, this.turns);
  }
}
