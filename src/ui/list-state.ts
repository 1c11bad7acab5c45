/** The state of a list that a person walks through, narrows down and marks. Pure. */

/** One of several answers: the text that is shown, and what it stands for. */
export interface Choice {
  readonly name: string;
  readonly value: string;
  /** It is in the backup, and no longer in the live store. */
  readonly isMissing?: boolean;
}

export interface ListState {
  /** The words that a shown choice holds. */
  readonly filter: string;
  /** Keys go into the filter. */
  readonly isTyping: boolean;
  readonly isOnlyMissing: boolean;
  /** The place of the cursor among the shown choices. */
  readonly active: number;
  /** The values of marked choices, shown or not. */
  readonly marked: ReadonlySet<string>;
}

export const FIRST_STATE: ListState = {
  filter: '',
  isTyping: false,
  isOnlyMissing: false,
  active: 0,
  marked: new Set(),
};

/** A choice with its text as it is compared. */
export interface FoldedChoice extends Choice {
  readonly folded: string;
}

/** Lists may be long: each text is folded once. */
export function foldChoices(choices: readonly Choice[]): FoldedChoice[] {
  return choices.map((choice) => ({ ...choice, folded: fold(choice.name) }));
}

/** The choices that hold each word of the filter, case and accents aside. */
export function shownOf(
  choices: readonly FoldedChoice[],
  { filter, isOnlyMissing }: Pick<ListState, 'filter' | 'isOnlyMissing'>,
): readonly FoldedChoice[] {
  const words = fold(filter)
    .split(/\s+/)
    .filter((word) => word !== '');

  return choices.filter(
    ({ folded, isMissing }) =>
      (!isOnlyMissing || isMissing === true) &&
      words.every((word) => folded.includes(word)),
  );
}

function fold(text: string): string {
  return text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
}

/** Where a key moves the cursor to, in a list of `count` choices of which `page` are seen; undefined for other keys. */
export function moveCursor(
  key: string,
  active: number,
  { count, page }: { readonly count: number; readonly page: number },
): number | undefined {
  const targets: Readonly<Record<string, number>> = {
    up: active - 1,
    down: active + 1,
    pageup: active - page,
    pagedown: active + page,
    home: 0,
    end: count - 1,
  };
  const target = targets[key];

  return target === undefined
    ? undefined
    : Math.max(0, Math.min(count - 1, target));
}

/** Marks choices; takes the marks away where all of them have one. */
export function toggleMarks(
  marked: ReadonlySet<string>,
  values: readonly string[],
): ReadonlySet<string> {
  const isUnmarking = values.every((value) => marked.has(value));
  const next = new Set(marked);

  for (const value of values) {
    if (isUnmarking) next.delete(value);
    else next.add(value);
  }

  return next;
}

/** The first of the lines that are seen: the cursor stays in their middle, but at both ends of the list. */
export function firstSeen(active: number, count: number, page: number): number {
  const middle = active - Math.floor(page / 2);

  return Math.max(0, Math.min(middle, count - page));
}
