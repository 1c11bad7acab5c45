/** Opens volumes otherwise than by their storage alone: an index answers for them, or what is read of them is noted. */
import type { RandomAccessSource } from '../zip/source.js';

/** The ways to a volume's own bytes. */
export interface DirectWays {
  /** Its name in messages: `F….zip`. */
  readonly name: string;
  open(): Promise<RandomAccessSource>;
  openAtOnce(): RandomAccessSource;
}

export interface VolumeOpener {
  open(direct: DirectWays): Promise<RandomAccessSource>;
  openAtOnce(direct: DirectWays): RandomAccessSource;
  /** SHA-256 of a volume's central directory, where it is known without reading that. */
  digestOf(name: string): Promise<string | undefined>;
}
