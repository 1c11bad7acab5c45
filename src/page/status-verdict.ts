/** The verdict of the page in words, as of when it is true and until when. Pure. */
import { formatWeekdayMoment } from '../platform/dates.js';
import { plural } from '../platform/units.js';
import { escapeHtml } from './html.js';
import type { StatusFacts } from './status-facts.js';

export function verdictHtml(facts: StatusFacts): string {
  return `${verdict(facts)}${validity(facts)}`;
}

function verdict({ warnings: list }: StatusFacts): string {
  const critical = list.filter(
    ({ severity }) => severity === 'critical',
  ).length;
  if (critical > 0) {
    return `<p class="verdict critical">Needs help: ${plural(critical, 'serious problem')}</p>`;
  }

  if (list.length > 0) {
    return `<p class="verdict warning">Needs a look: ${plural(list.length, 'warning')}</p>`;
  }

  return '<p class="verdict good">All is well</p>';
}

/** Whoever finds an old page must see that it is one. */
function validity({
  generatedAt,
  lastRun,
  running,
  leftOut,
  nextRuns: [next],
}: StatusFacts): string {
  const until = next
    ? `It is true until ${formatWeekdayMoment(next.at)}, when the next backup is due; what is older than that says nothing about today.`
    : 'No next backup is known, so nobody can say until when it is true.';

  const lines = [
    ...(running === undefined ? [] : [`At work: ${running}.`]),
    ...(lastRun === undefined ? [] : [`Last backup: ${lastRun}.`]),
    ...(leftOut === undefined ? [] : [`Left out ${leftOut}.`]),
    `As of ${formatWeekdayMoment(generatedAt)}. ${until}`,
  ];

  return lines
    .map((line) => `<p class="soft">${escapeHtml(line)}</p>`)
    .join('');
}
