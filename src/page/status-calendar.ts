import { MONTH_NAMES } from '../platform/dates.js';
import { escapeHtml } from './html.js';
import { TYPE_WORDS, type StatusArchive } from './status-facts.js';

const MOST_MONTHS = 6;
const LEAST_MONTHS = 3;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/**
 * One table a month, oldest first, each day with the letters of its archives; three months at least, six at most, the
 * month of `today` last. Days are those of the process's time zone. Pure.
 */
export function calendarHtml(
  archives: readonly StatusArchive[],
  today: Date,
): string {
  const byDay = groupByDay(archives);
  const months = Array.from(
    { length: monthCount(archives, today) },
    (_, index) =>
      monthHtml(
        new Date(today.getFullYear(), today.getMonth() - index, 1),
        byDay,
        dayKey(today),
      ),
  );

  return `<div class="months">${months.reverse().join('')}</div>`;
}

function monthCount(archives: readonly StatusArchive[], today: Date): number {
  const oldest = archives[0]?.takenAt ?? today;
  const months =
    (today.getFullYear() - oldest.getFullYear()) * 12 +
    today.getMonth() -
    oldest.getMonth() +
    1;
  return Math.min(MOST_MONTHS, Math.max(LEAST_MONTHS, months));
}

function monthHtml(
  first: Date,
  byDay: ReadonlyMap<string, StatusArchive[]>,
  today: string,
): string {
  const [year, month] = [first.getFullYear(), first.getMonth()];
  const dayCount = new Date(year, month + 1, 0).getDate();
  const leading = (first.getDay() + 6) % 7;
  const cells = Array.from({ length: leading }, () => '<td></td>');

  for (let day = 1; day <= dayCount; day++) {
    const key = dayKey(new Date(year, month, day));
    cells.push(dayHtml(day, byDay.get(key) ?? [], key === today));
  }

  while (cells.length % 7 !== 0) cells.push('<td></td>');

  const weeks = Array.from(
    { length: cells.length / 7 },
    (_, week) => `<tr>${cells.slice(week * 7, week * 7 + 7).join('')}</tr>`,
  );

  const head = WEEKDAYS.map((name) => `<th scope="col">${name}</th>`).join('');

  return (
    `<table class="calendar"><caption>${MONTH_NAMES[month] ?? ''} ${String(year)}</caption>` +
    `<thead><tr>${head}</tr></thead><tbody>${weeks.join('')}</tbody></table>`
  );
}

function dayHtml(
  day: number,
  archives: readonly StatusArchive[],
  isToday: boolean,
): string {
  const classes = isToday ? ['today'] : [];
  if (archives.length === 0) {
    return `<td class="${classes.join(' ')}">${String(day)}</td>`;
  }

  // The type that a recovery would begin with gives the day its colour.
  const main =
    archives.find(({ type }) => type !== 'differential') ?? archives[0];
  classes.push(
    'taken',
    archives.every(isSound) ? (main?.type ?? '') : 'broken',
  );

  const title = archives.map(describe).join('; ');

  return `<td class="${classes.join(' ')}" title="${escapeHtml(title)}">${String(day)}<b>${lettersOf(archives)}</b></td>`;
}

/** Nobody calls damaged what is still being written. */
function isSound({ isRecoverable, isBeingWritten }: StatusArchive): boolean {
  return isRecoverable || isBeingWritten === true;
}

/** `FD`; of more than three on one day, how many of each: `6F 7D`. */
function lettersOf(archives: readonly StatusArchive[]): string {
  const letters = archives.map(({ type }) => TYPE_WORDS[type].letter);
  if (letters.length <= 3) return letters.join('');
  const count = (letter: string): number =>
    letters.filter((one) => one === letter).length;
  return [...new Set(letters)]
    .map((letter) => `${String(count(letter))}${letter}`)
    .join(' ');
}

function describe(archive: StatusArchive): string {
  const { name, type, isRecoverable, problem = 'incomplete' } = archive;
  const words = `${TYPE_WORDS[type].word} ${name}`;
  if (isRecoverable) return words;

  return `${words}, not recoverable${isSound(archive) ? ' yet' : ''}: ${problem}`;
}

function groupByDay(
  archives: readonly StatusArchive[],
): Map<string, StatusArchive[]> {
  const byDay = new Map<string, StatusArchive[]>();
  for (const archive of archives) {
    const key = dayKey(archive.takenAt);
    byDay.set(key, [...(byDay.get(key) ?? []), archive]);
  }

  return byDay;
}

function dayKey(date: Date): string {
  return `${String(date.getFullYear())}-${String(date.getMonth())}-${String(date.getDate())}`;
}
