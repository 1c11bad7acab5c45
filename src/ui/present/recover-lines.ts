import type { MailHit } from '../../jobs/search-mail.js';
import { quoteWord } from '../../platform/quote-words.js';
import { plural } from '../../platform/units.js';

/** The commands that bring back what a search found. */

/** The flags of a search that its recover needs as well. */
export interface SearchPlace {
  readonly 'server-dir'?: string | undefined;
  readonly store?: string | undefined;
  readonly identity?: string | undefined;
}

/** A command line holds this many names with ease, also on Windows. */
const MOST_NAMES = 20;
/** Of more commands nobody pastes each. */
const MOST_LINES = 10;

/** `kms-backup recover F….zip --additive --message 'example.com/alice/INBOX/0000000a'`, with all messages. */
export function recoverCommand(
  hits: readonly MailHit[],
  place: SearchPlace,
): string {
  const [first] = hits;

  return commandFor(
    first?.archivePath ?? '',
    hits.flatMap(({ name }) => ['--message', name]),
    place,
  );
}

/** The commands for all hits; of very many those of whole folders. */
export function recoverLines(
  hits: readonly MailHit[],
  place: SearchPlace,
): string[] {
  if (hits.length === 0) return [];

  const lines = groupBy(hits, ({ archivePath }) => archivePath).flatMap((own) =>
    chunksOf(own).map((some) => `  ${recoverCommand(some, place)}`),
  );
  if (lines.length <= MOST_LINES) return ['Recover with:', ...lines];

  const folders = groupBy(hits, folderKey).map(
    (own) => `  ${folderCommand(own, place)}`,
  );
  const left = folders.length - MOST_LINES;

  return [
    'Recover what their folders lack with:',
    ...folders.slice(0, MOST_LINES),
    ...(left > 0 ? [`  … and ${plural(left, 'folder')} more: see --json`] : []),
  ];
}

function folderKey({ archivePath, where }: MailHit): string {
  const { domain, user, folder } = where;

  return JSON.stringify([archivePath, domain, user, folder]);
}

function folderCommand(
  [first]: readonly MailHit[],
  place: SearchPlace,
): string {
  const { domain, user, folder = '' } = first?.where ?? {};

  const named = [
    ...(domain === undefined ? [] : ['-d', domain]),
    ...(user === undefined ? [] : ['-u', user]),
    ...(folder === '' ? [] : ['-f', folder, '--no-subfolders']),
  ];

  return commandFor(first?.archivePath ?? '', named, place);
}

function commandFor(
  archive: string,
  what: readonly string[],
  { 'server-dir': serverDir, store, identity }: SearchPlace,
): string {
  const words = [
    'recover',
    archive,
    '--additive',
    ...what,
    ...(serverDir === undefined ? [] : ['--server-dir', serverDir]),
    ...(store === undefined ? [] : ['--store', store]),
    ...(identity === undefined ? [] : ['--identity', identity]),
  ];

  return `kms-backup ${words.map((word) => quoteWord(word)).join(' ')}`;
}

function chunksOf(hits: readonly MailHit[]): MailHit[][] {
  const chunks: MailHit[][] = [];
  for (let at = 0; at < hits.length; at += MOST_NAMES) {
    chunks.push(hits.slice(at, at + MOST_NAMES));
  }

  return chunks;
}

/** In the order in which the keys come. */
function groupBy(
  hits: readonly MailHit[],
  keyOf: (hit: MailHit) => string,
): MailHit[][] {
  const groups = new Map<string, MailHit[]>();

  for (const hit of hits) {
    const key = keyOf(hit);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(hit);
  }

  return [...groups.values()];
}
