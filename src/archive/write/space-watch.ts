/** Looks at the room that is left on the disk. */
export interface SpaceWatch {
  /** Is told before bytes are written. @throws where too little is left */
  readonly writes: (bytes: number) => void;
  /** Looks at once. @throws as `writes` */
  readonly look: () => void;
}
