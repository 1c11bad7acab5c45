/** What a recover costs: what it loses, adds and overwrites of the live server. Pure. */

/** What is live and in no way in the archive's point. */
export interface Losses {
  readonly messages: number;
  /** What is no message: indexes, settings, links. What the server rebuilds and no backup takes counts for nothing. */
  readonly files: number;
  /** What is there and cannot be looked at, such as a directory without a right to list it: nobody knows what it holds. */
  readonly unlisted: number;
  /** When the youngest of the messages was written; null: there is none. */
  readonly newest: Date | null;
  /** The messages, as search prints them; none unless they were asked for. */
  readonly names: readonly string[];
}

/** Files, messages among them. */
interface CountedFiles {
  readonly files: number;
  readonly messages: number;
}

export interface Cost {
  readonly loses: Losses;
  /** Files of the archive that are missing live. */
  readonly adds: CountedFiles;
  /** Messages of the archive that are live in another place of their mailbox: there they go, here they come. */
  readonly movesBack: number;
  /** Files that are live with another content. */
  readonly overwrites: CountedFiles;
  /** The size of what is replaced. */
  readonly liveBytes: number;
  readonly notes: readonly string[];
}

export const NO_COST: Cost = {
  loses: { messages: 0, files: 0, unlisted: 0, newest: null, names: [] },
  adds: { files: 0, messages: 0 },
  movesBack: 0,
  overwrites: { files: 0, messages: 0 },
  liveBytes: 0,
  notes: [],
};
