/** The first look at the state, in cards: points in time, sizes, the second place, space. Pure. */
import { formatMinute } from '../platform/dates.js';
import { formatAge, formatSize, plural } from '../platform/units.js';
import { describeMailArchive } from './mail-archive.js';
import { escapeHtml } from './html.js';
import {
  describeLag,
  TYPE_WORDS,
  type StatusArchive,
  type StatusFacts,
} from './status-facts.js';

export function glanceHtml(facts: StatusFacts): string {
  const cards = [
    pointCard(facts),
    ...(['full', 'differential', 'copy'] as const).map((type) =>
      lastCard(type, facts),
    ),
    archivesCard(facts),
    ...mailArchiveCards(facts),
    ...mirrorCards(facts),
    ...spaceCards(facts),
  ];

  return `<dl class="cards">${cards.join('')}</dl>`;
}

function pointCard(facts: StatusFacts): string {
  const newest = facts.archives.findLast(({ isRecoverable }) => isRecoverable);

  return card(
    'Newest recoverable point',
    newest ? formatMinute(newest.takenAt) : 'none',
    ageText(newest, facts),
  );
}

function lastCard(type: StatusArchive['type'], facts: StatusFacts): string {
  const title = `Last ${TYPE_WORDS[type].word}`;
  const last = facts.archives.findLast(
    (archive) => archive.type === type && archive.isBeingWritten !== true,
  );
  if (!last) return card(title, 'none', '');

  const detail = `${formatSize(last.sizeBytes)}, ${ageText(last, facts)}`;

  return card(title, formatMinute(last.takenAt), detail);
}

function archivesCard({ archives }: StatusFacts): string {
  const bytes = archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

  return card(
    'Archives',
    plural(archives.length, 'archive'),
    formatSize(bytes),
  );
}

/** None where nobody asks for it. */
function mailArchiveCards({ mailArchive }: StatusFacts): string[] {
  if (!mailArchive) return [];

  const verdict = mailArchive.isInNewest ? 'backed up' : 'not backed up';

  return [card('Mail archive', verdict, describeMailArchive(mailArchive))];
}

/** None where there is no second place. */
function mirrorCards({ mirror }: StatusFacts): string[] {
  if (!mirror) return [];

  const lag = describeLag(mirror) ?? 'nothing there';
  const archive = mirror.newest === undefined ? '' : `${mirror.newest} `;

  return [card('Off-site', lag, `${archive}in ${mirror.to}`)];
}

/** None where the file system does not say. */
function spaceCards({ freeBytes, totalBytes }: StatusFacts): string[] {
  if (freeBytes === undefined) return [];

  const total = totalBytes === undefined ? '' : `of ${formatSize(totalBytes)}`;

  return [card('Free in the backup directory', formatSize(freeBytes), total)];
}

function ageText(
  archive: StatusArchive | undefined,
  { generatedAt }: StatusFacts,
): string {
  return archive
    ? `${formatAge(generatedAt.getTime() - archive.takenAt.getTime())} old`
    : '';
}

function card(term: string, value: string, detail: string): string {
  const small = detail === '' ? '' : `<small>${escapeHtml(detail)}</small>`;
  return `<div><dt>${term}</dt><dd>${escapeHtml(value)}${small}</dd></div>`;
}
