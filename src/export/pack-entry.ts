/** One file or, without bytes, one directory of a pack; names use `/`. */
export interface PackEntry {
  readonly name: string;
  readonly bytes: Buffer | undefined;
  readonly modifiedAt: Date;
}
