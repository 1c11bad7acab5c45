import { parse } from 'ini';
import { dateFromLocal } from '../platform/clock.js';

/**
 * `.version.txt` and `.summary.txt`: `key = value` lines, times local (docs/kerio.md 6.4). Kerio's keys come first, in
 * its order and alignment; ours follow.
 */

export const VERSION_ENTRY = '.version.txt';
export const SUMMARY_ENTRY = '.summary.txt';
/** The entry names that a differential's base has and the store no longer has, one a line. */
export const DELETED_ENTRY = '.deleted.txt';
/** The longest such list: a differential that would need a longer one becomes a full. */
export const LARGEST_LIST_BYTES = 256 << 20;

/** Ours, not the store's: neither counted nor recovered. */
export function isOwnText(name: string): boolean {
  return (
    name === VERSION_ENTRY || name === SUMMARY_ENTRY || name === DELETED_ENTRY
  );
}

/** The text at the beginning of an archive. */
export interface VersionText {
  readonly startedAt: Date | undefined;
  readonly hostname: string;
  /** `kms-backup 1.2.3`; undefined in archives that the server wrote. */
  readonly tool?: string | undefined;
  /** The stem of the full that a differential is measured against. */
  readonly base?: string | undefined;
  readonly baseDigest?: string | undefined;
  /** The requested parts (`lists`, `mail`); undefined in a backup of everything that the server includes. */
  readonly parts?: readonly string[] | undefined;
  /** Parts beside those that the server includes: `archive`; undefined where there is none. */
  readonly adds?: readonly string[] | undefined;
  /** The patterns of the folders and users that it leaves out on purpose; undefined where it takes all. */
  readonly leavesOut?: readonly string[] | undefined;
  /** The limit of a volume when it was written; undefined in archives of earlier versions. */
  readonly volumeSizeBytes?: number | undefined;
  /** What was to be copied out of older archives; undefined where everything was read from the store. */
  readonly reused?: ReusedText | undefined;
}

/** The statement of a full about what it copied. */
export interface ReusedText {
  /** The stems of the archives. */
  readonly from: readonly string[];
  readonly files: number;
  /** In those archives: compressed, with headers. */
  readonly storedBytes: number;
  /** How many fulls in a row, up to this one, hold what was copied. */
  readonly depth: number;
}

/** The text at the end of an archive. An archive without it is unfinished. */
export interface SummaryText {
  readonly finishedAt: Date | undefined;
  /** Every file but our texts, and no directories. */
  readonly fileCount: number;
  /** The files' bytes before compression. */
  readonly totalBytes: number;
  /** Undefined in archives that the server wrote. */
  readonly messages?: number | undefined;
  readonly volumes?: number | undefined;
  /** SHA-256 of the central directory of every volume but the last. */
  readonly volumeDigests: readonly string[];
  /** Which folder's records lie where, by `formatFolders`; undefined in archives of others and of earlier versions. */
  readonly folders?: string | undefined;
  /** Messages that the store had, by mailbox (`example.com/alice`); undefined where mail was not looked at. */
  readonly mailboxes?: ReadonlyMap<string, number> | undefined;
  /** Required files that its point in time does not have; undefined where the archive does not say. */
  readonly lacks?: readonly string[] | undefined;
  /** Files that were copied out of older archives; undefined where none was to be. */
  readonly reusedFiles?: number | undefined;
  readonly reusedBytes?: number | undefined;
}

export function formatVersionText(
  text: VersionText & { readonly startedAt: Date },
): string {
  return formatLines(8, [
    ['started', formatLocalTime(text.startedAt)],
    ['version', '1'],
    ['hostname', text.hostname],
    ['tool', text.tool],
    ['base', text.base],
    ['base_digest', text.baseDigest],
    ['parts', text.parts?.join(',')],
    ['adds', text.adds?.join(',')],
    ['leaves_out', text.leavesOut?.map(encodePath).join(',')],
    ['volume_size', textOf(text.volumeSizeBytes)],
    ['reused', text.reused?.from.join(',')],
    ['reused_files', textOf(text.reused?.files)],
    ['reused_bytes', textOf(text.reused?.storedBytes)],
    ['reused_in_row', textOf(text.reused?.depth)],
  ]);
}

export function formatSummaryText(
  text: SummaryText & { readonly startedAt: Date; readonly finishedAt: Date },
): string {
  return formatLines(11, [
    ['started', formatLocalTime(text.startedAt)],
    ['finished', formatLocalTime(text.finishedAt)],
    ['count_files', String(text.fileCount)],
    ['total_size', String(text.totalBytes)],
    [
      'duration',
      formatClockDuration(text.finishedAt.getTime() - text.startedAt.getTime()),
    ],
    [
      'messages',
      text.messages === undefined ? undefined : String(text.messages),
    ],
    ['lacks', text.lacks && (text.lacks.join(',') || NOTHING)],
    ['reused_files', textOf(text.reusedFiles)],
    ['reused_bytes', textOf(text.reusedBytes)],
    ['volumes', text.volumes === undefined ? undefined : String(text.volumes)],
    ...text.volumeDigests.map((digest, index): [string, string] => [
      `volume_${index}`,
      digest,
    ]),
    ['folders', text.folders],
    [
      'mailboxes',
      text.mailboxes === undefined ? undefined : String(text.mailboxes.size),
    ],
    ...[...(text.mailboxes ?? [])].map(([mailbox, count]): [string, string] => [
      formatMailboxKey(mailbox),
      String(count),
    ]),
  ]);
}

function textOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** Said in so many words: an empty value would be read as none. */
const NOTHING = 'nothing';

export function parseVersionText(text: string): VersionText {
  const values = parseLines(text);

  return {
    startedAt: parseLocalTime(values.get('started')),
    hostname: values.get('hostname') ?? '',
    tool: values.get('tool'),
    base: values.get('base'),
    baseDigest: values.get('base_digest'),
    parts: values.get('parts')?.split(','),
    adds: values.get('adds')?.split(','),
    leavesOut: values.get('leaves_out')?.split(',').map(decodePath),
    volumeSizeBytes: numberIn(values, 'volume_size'),
    reused: parseReused(values),
  };
}

function parseReused(
  values: ReadonlyMap<string, string>,
): ReusedText | undefined {
  const from = values.get('reused')?.split(',');
  if (!from) return undefined;

  return {
    from,
    files: numberIn(values, 'reused_files') ?? 0,
    storedBytes: numberIn(values, 'reused_bytes') ?? 0,
    depth: numberIn(values, 'reused_in_row') ?? 1,
  };
}

function numberIn(
  values: ReadonlyMap<string, string>,
  key: string,
): number | undefined {
  const value = values.get(key);

  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

export function parseSummaryText(text: string): SummaryText {
  const values = parseLines(text);
  const number = (key: string): number | undefined => numberIn(values, key);

  const volumes = number('volumes');

  const digests = Array.from(
    { length: Math.min(volumes ?? 1, 1e6) - 1 },
    (_, index) => values.get(`volume_${index}`),
  );

  return {
    finishedAt: parseLocalTime(values.get('finished')),
    fileCount: number('count_files') ?? 0,
    totalBytes: number('total_size') ?? 0,
    messages: number('messages'),
    reusedFiles: number('reused_files'),
    reusedBytes: number('reused_bytes'),
    volumes,
    volumeDigests: digests.map((digest) => digest ?? ''),
    folders: values.get('folders'),
    mailboxes: values.has('mailboxes') ? parseMailboxes(values) : undefined,
    lacks: values
      .get('lacks')
      ?.split(',')
      .filter((name) => name !== NOTHING),
  };
}

const MAILBOX_KEY = 'mailbox.';

/** `mailbox.example.com/alice`. */
function formatMailboxKey(mailbox: string): string {
  return MAILBOX_KEY + encodePath(mailbox);
}

/** What would mean something in the text (`=`, `#`, `;`, `[`, a quote) or in a list is percent-encoded. */
function encodePath(path: string): string {
  return path
    .split('/')
    .map((step) => encodeURIComponent(step).replaceAll("'", '%27'))
    .join('/');
}

function parseMailboxes(
  values: ReadonlyMap<string, string>,
): Map<string, number> {
  const found = [...values].filter(
    ([key, value]) => key.startsWith(MAILBOX_KEY) && /^\d+$/.test(value),
  );

  return new Map(
    found.map(([key, value]) => [
      decodePath(key.slice(MAILBOX_KEY.length)),
      Number(value),
    ]),
  );
}

/** A name of another encoding stays as it is: it is no reason to refuse an archive. */
function decodePath(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function formatLines(
  width: number,
  lines: readonly (readonly [string, string | undefined])[],
): string {
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key.padEnd(width)} = ${value ?? ''}\n`)
    .join('');
}

function parseLines(text: string): Map<string, string> {
  const parsed: Record<string, unknown> = parse(text);
  return new Map(
    Object.entries(parsed).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string',
    ),
  );
}

/** `2021-03-04 19:24:14`, local. */
function formatLocalTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function parseLocalTime(text: string | undefined): Date | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text ?? '');
  if (!match) return undefined;

  return dateFromLocal(
    match.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ],
  );
}

/** `00:00:20.577`. */
function formatClockDuration(ms: number): string {
  const safe = Math.max(0, ms);
  const parts = [
    Math.floor(safe / 3_600_000),
    Math.floor(safe / 60_000) % 60,
    Math.floor(safe / 1000) % 60,
  ];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${String(safe % 1000).padStart(3, '0')}`;
}
