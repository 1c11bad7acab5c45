import type { PlacedRow } from '../zip/entry-rows.js';

/** A wanted entry that is not there, as its headers describe it. */
export interface LostEntry {
  /** The archive that it is missing from, and its volume. */
  readonly stem: string;
  readonly volume: string;
  readonly row: PlacedRow;
  /** Of a whole file the row is that of one piece, or of one of several entries. */
  readonly isPart?: boolean;
  readonly reason: string;
}
