/** Notes which bytes of volumes are read. */
import type { RandomAccessSource } from '../zip/source.js';
import type { DirectWays, VolumeOpener } from './volume-opener.js';

/** A range of bytes: the first, and the one behind the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export class NotedReads implements VolumeOpener {
  readonly #spans = new Map<string, Span[]>();

  async open(direct: DirectWays): Promise<RandomAccessSource> {
    return this.#noting(direct.name, await direct.open());
  }

  openAtOnce(direct: DirectWays): RandomAccessSource {
    return this.#noting(direct.name, direct.openAtOnce());
  }

  digestOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** The ranges that were read of a volume, in its order; those that touch are one. */
  spansOf(name: string): Span[] {
    const spans = this.#spans.get(name) ?? [];
    const merged: Span[] = [];

    for (const span of spans.toSorted((a, b) => a.start - b.start)) {
      const last = merged.at(-1);

      if (last && span.start <= last.end) {
        const end = Math.max(last.end, span.end);
        merged[merged.length - 1] = { start: last.start, end };
      } else {
        merged.push(span);
      }
    }

    return merged;
  }

  #noting(name: string, source: RandomAccessSource): RandomAccessSource {
    const spans = this.#spans.get(name) ?? [];
    this.#spans.set(name, spans);

    const note = (start: number, length: number): void => {
      if (length > 0) spans.push({ start, end: start + length });
    };

    return {
      name: source.name,
      sizeBytes: source.sizeBytes,
      read: (offset, length) => {
        note(offset, length);
        return source.read(offset, length);
      },
      readInto: (into, offset) => {
        note(offset, into.length);
        source.readInto(into, offset);
      },
      close: () => {
        source.close();
      },
    };
  }
}
