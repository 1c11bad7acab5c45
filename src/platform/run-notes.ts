/** What a run has to tell besides its result, gathered wherever it was met and said once, at its end. */
export interface RunNote {
  /** A warning asks somebody to look; a remark says what was done without. */
  readonly kind: 'warning' | 'remark';
  /** Of several with one key the first is told. */
  readonly key: string;
  readonly text: string;
}

const notes = new Map<string, RunNote>();

export function addNote(note: RunNote): void {
  if (!notes.has(note.key)) notes.set(note.key, note);
}

/** All that was noted since the last call. In a worker thread they travel to the main one with each answer. */
export function takeNotes(): readonly RunNote[] {
  const taken = [...notes.values()];
  notes.clear();
  return taken;
}
