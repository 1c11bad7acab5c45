import {
  createPrompt,
  isEnterKey,
  isSpaceKey,
  makeTheme,
  useKeypress,
  useMemo,
  usePrefix,
  useState,
} from '@inquirer/core';
import { formatCount } from '../platform/units.js';
import {
  type Choice,
  FIRST_STATE,
  firstSeen,
  type FoldedChoice,
  foldChoices,
  type ListState,
  moveCursor,
  shownOf,
  toggleMarks,
} from './list-state.js';
import { cutToColumns } from './terminal-text.js';
import { decorate } from './tones.js';

/** A question for inquirer: one or several of a list that `/` filters, as in less and vim. */

export interface FilterListConfig {
  readonly message: string;
  readonly choices: readonly Choice[];
  /** Any number of choices can be marked. */
  readonly isMultiple: boolean;
}

/** The number of choices that are seen at a time. */
const PAGE = 15;
/** Columns that the cursor and the mark take. */
const MARGIN = 5;
const HIDE_CURSOR = '\x1b[?25l';

/** What a person answers: one value, or those that are marked. */
type Answer = string | string[];

export const filterList = createPrompt<Answer, FilterListConfig>(
  (config, done) => {
    const theme = makeTheme();
    const [state, setState] = useState(FIRST_STATE);
    const [isDone, setDone] = useState(false);
    const choices = useMemo(() => foldChoices(config.choices), []);
    const shown = useMemo(
      () => shownOf(choices, state),
      [state.filter, state.isOnlyMissing],
    );
    const prefix = usePrefix({ status: isDone ? 'done' : 'idle', theme });
    const view: View = { config, choices, shown, state };

    useKeypress((key, readline) => {
      if (isEnterKey(key) && !state.isTyping) {
        const answer = answerOf(view);
        if (answer === undefined) return;

        setDone(true);
        done(answer);
        return;
      }

      const line = readline.line;
      const next = isEnterKey(key)
        ? { ...state, isTyping: false }
        : press(view, isSpaceKey(key) ? 'space' : key.name, line);

      // The line that is edited is the filter, and nothing where none is typed.
      readline.clearLine(0);
      if (next.isTyping) readline.write(next.filter);
      setState(next);
    });

    const message = `${prefix} ${theme.style.message(config.message, isDone ? 'done' : 'idle')}`;
    if (isDone) return `${message} ${theme.style.answer(describe(view))}`;

    return [`${message}${formatFilter(state)}`, formatBody(view)];
  },
);

/** What is on the screen. */
interface View {
  readonly config: FilterListConfig;
  readonly choices: readonly FoldedChoice[];
  readonly shown: readonly FoldedChoice[];
  readonly state: ListState;
}

/** Undefined where nothing is shown that could be chosen. */
function answerOf({ config, choices, shown, state }: View): Answer | undefined {
  if (!config.isMultiple) return shown[state.active]?.value;

  return choices
    .map(({ value }) => value)
    .filter((value) => state.marked.has(value));
}

function describe(view: View): string {
  const { config, shown, state } = view;

  return config.isMultiple
    ? `${formatCount(state.marked.size)} marked`
    : (shown[state.active]?.name ?? '');
}

/** @param line what was typed since the line was empty */
function press(view: View, key: string, line: string): ListState {
  const { shown, state } = view;
  const list = { count: shown.length, page: PAGE };
  const active = moveCursor(key, state.active, list);
  if (active !== undefined) return { ...state, active };
  if (key === 'escape') return { ...FIRST_STATE, marked: state.marked };

  if (!state.isTyping) return pressCommand(view, key, line);

  // A Backspace before the first letter ends it, as in vim.
  const isTyping = key !== 'backspace' || state.filter !== '';
  return { ...state, filter: line, isTyping, active: 0 };
}

function pressCommand(view: View, key: string, line: string): ListState {
  const { config, choices, shown, state } = view;
  if (line.endsWith('/')) return { ...state, isTyping: true };
  if (!config.isMultiple) return state;

  const active = shown[state.active];
  const { marked } = state;

  if (key === 'space' && active) {
    return { ...state, marked: toggleMarks(marked, [active.value]) };
  }

  if (key === 'a') {
    const values = shown.map(({ value }) => value);
    return { ...state, marked: toggleMarks(marked, values) };
  }

  return key === 'm' && hasMissing(choices)
    ? { ...state, isOnlyMissing: !state.isOnlyMissing, active: 0 }
    : state;
}

function hasMissing(choices: readonly Choice[]): boolean {
  return choices.some(({ isMissing }) => isMissing === true);
}

function formatFilter({ filter, isTyping }: ListState): string {
  return isTyping || filter !== '' ? decorate('cyan', `  /${filter}`) : '';
}

/** The choices that are seen, how many there are, and the keys. */
function formatBody(view: View): string {
  const { choices, shown, state } = view;
  const first = firstSeen(state.active, shown.length, PAGE);
  const lines = shown
    .slice(first, first + PAGE)
    .map((choice, at) => formatChoice(view, choice, first + at));

  return (
    [
      ...(lines.length === 0
        ? [choices.length === 0 ? '  (nothing)' : '  (nothing holds that)']
        : lines),
      ...[formatNumbers(view), formatKeys(view)]
        .filter((line) => line !== '')
        .map((line) => decorate('dim', line)),
    ].join('\n') + HIDE_CURSOR
  );
}

function formatChoice(
  { config, state }: View,
  { name, value }: Choice,
  at: number,
): string {
  const isActive = at === state.active;
  const mark = state.marked.has(value) ? '◉ ' : '◯ ';
  const columns = process.stderr.columns;
  const text = cutToColumns(name, (columns > 0 ? columns : 80) - MARGIN);
  const line = `${isActive ? '❯' : ' '} ${config.isMultiple ? mark : ''}${text}`;

  return isActive ? decorate('cyan', line) : line;
}

function formatNumbers({ config, choices, shown, state }: View): string {
  const isLong = choices.length > PAGE;
  const numbers = [
    ...(isLong || shown.length < choices.length
      ? [`${formatCount(shown.length)} of ${formatCount(choices.length)}`]
      : []),
    ...(config.isMultiple ? [`${formatCount(state.marked.size)} marked`] : []),
  ];

  return numbers.join(', ');
}

function formatKeys({ config, choices, state }: View): string {
  if (state.isTyping) return '⏎ keep the filter · Esc end it';

  const marking = [
    'space mark',
    'a mark all shown',
    ...(hasMissing(choices)
      ? [state.isOnlyMissing ? 'm show all' : 'm only missing']
      : []),
  ];

  return [
    '/ filter',
    ...(config.isMultiple ? marking : []),
    config.isMultiple ? '⏎ done' : '⏎ choose',
  ].join(' · ');
}
