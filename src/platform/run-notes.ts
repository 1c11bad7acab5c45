/**
 * Notes for the end of a run: any part of the program adds them, and the command reports each of them once.
 * The list belongs to the thread, so that a call deep in platform/ needs no list handed down through every room.
 */

/** A sentence that a run reports besides its result. */
export interface RunNote {
  /** A warning asks the operator to act; a remark says that an optional call was left out. */
  readonly kind: 'warning' | 'remark';
  /** Of several notes with one key, the run reports the first. */
  readonly key: string;
  readonly text: string;
}

const pendingNotes = new Map<string, RunNote>();

export function addNote(note: RunNote): void {
  if (!pendingNotes.has(note.key)) pendingNotes.set(note.key, note);
}

/** Returns the notes since the last call, and empties the list. A worker thread sends its notes with each answer. */
export function takeNotes(): readonly RunNote[] {
  const notes = [...pendingNotes.values()];
  pendingNotes.clear();

  return notes;
}
