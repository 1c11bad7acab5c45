import { nearestNames } from '../platform/nearest.js';
import { parseSize } from '../platform/units.js';
import { type ApiSettings, readApi } from './api-section.js';
import {
  type IniEntry,
  type IniProblem,
  SectionReader,
} from './ini-section.js';
import { readRetention, type RetentionSettings } from './retention-section.js';
import { type NotifySettings, readNotify } from './notify-section.js';
import { readSmtp, type SmtpSettings } from './smtp-section.js';
import { readServer, type ServerControl } from './server-section.js';
import { readTasks, type TaskSettings } from './tasks-section.js';
import { readTargets, type TargetSettings } from './target-section.js';

/** The settings of kms-backup.ini. An undefined one is not set there; the environment or mailserver.cfg may set it. */
export interface IniSettings {
  readonly backup: {
    readonly threads: number | undefined;
    /** Files that are read at once ahead of compressing; 0: none. */
    readonly filesAhead: number | undefined;
    /** Deflate's level, 1 to 9. */
    readonly level: number | undefined;
    /** What compresses. */
    readonly engine: 'own' | 'zlib' | undefined;
    readonly oversize: 'skip' | 'split' | undefined;
    readonly volumeSizeBytes: number | undefined;
    readonly lockWaitMs: number | undefined;
    /** Patterns of paths that are known to be left out. */
    readonly accept: readonly string[] | undefined;
    /** Patterns of folders and users that are left out on purpose. */
    readonly exclude: readonly string[] | undefined;
    /** The mail archive is backed up too. */
    readonly includesArchive: boolean | undefined;
    /** So much stays free beside an archive. */
    readonly minFreeBytes: number | undefined;
    readonly verify: boolean | undefined;
    readonly rotate: boolean | undefined;
    /** Fulls and copies take out of older archives what is unchanged. */
    readonly reuse: boolean | undefined;
    /** Of so many such fulls one is read from the store whole. */
    readonly freshEvery: number | undefined;
    /** A backup that finds a user with this many per cent fewer messages raises the mass-loss alarm. */
    readonly massLossUserPercent: number | undefined;
    /** The same for all messages together. */
    readonly massLossAllPercent: number | undefined;
    /** Absolute path of the file with the identities that open sealed archives. */
    readonly identityFile: string | undefined;
  };
  readonly api: ApiSettings;
  readonly smtp: SmtpSettings;
  readonly hooks: {
    readonly before: string | undefined;
    readonly after: string | undefined;
    readonly onError: string | undefined;
    readonly timeoutMs: number | undefined;
  };
  /** Absolute path of the Prometheus textfile. */
  readonly metrics: { readonly textfile: string | undefined };
  readonly ping: {
    readonly url: string | undefined;
    readonly timeoutMs: number | undefined;
  };
  readonly notify: NotifySettings;
  readonly networkDisk: {
    readonly user: string | undefined;
    readonly passwordFile: string | undefined;
  };
  /** What stays of the archives; without a rule as many complete backups as the server's limit says. */
  readonly retention: RetentionSettings;
  /** The second place of archives. */
  readonly mirror: {
    /** A directory, an address of a bucket or a target's name, as it stands there. */
    readonly to: string | undefined;
    /** What stays there; without a rule nothing is removed there. */
    readonly retention: RetentionSettings;
  };
  readonly tasks: TaskSettings;
  /** How `--restart-server` stops and starts the mail server. */
  readonly server: ServerControl;
  /** Absolute path of the status page that each run writes. */
  readonly status: { readonly html: string | undefined };
  /** In the order of the file. */
  readonly targets: readonly TargetSettings[];
}

const REMOTE = 'remote';

/** The typed settings of the file's entries; whatever is wrong is added to `problems`. Pure. */
export function settingsFrom(
  entries: readonly IniEntry[],
  installDir: string,
  problems: IniProblem[],
): IniSettings {
  const sections = new Map<string, SectionReader>();
  const section = (name: string): SectionReader => {
    const reader = new SectionReader(name, entries, installDir, problems);
    sections.set(name, reader);
    return reader;
  };

  const settings: IniSettings = {
    backup: readBackup(section('backup')),
    api: readApi(section('api')),
    smtp: readSmtp(section('smtp')),
    hooks: readHooks(section('hooks')),
    metrics: { textfile: section('metrics').path('textfile') },
    ping: readPing(section('ping')),
    notify: readNotify(section('notify')),
    networkDisk: readNetworkDisk(section('network-disk')),
    retention: readRetention(section('retention')),
    mirror: readMirror(section('mirror')),
    tasks: readTasks(section('tasks')),
    server: readServer(section('server')),
    status: { html: section('status').path('html') },
    targets: readTargets(entries, section, problems),
  };

  for (const entry of entries) {
    const reader = sections.get(entry.section);
    if (reader) {
      reader.checkKnown(entry);
    } else if (entry.key === undefined) {
      problems.push(unknownSection(entry, sectionNames(sections.keys())));
    } else if (entry.section === '') {
      problems.push(outsideSections(entry));
    }
  }

  return settings;
}

function readBackup(section: SectionReader): IniSettings['backup'] {
  return {
    threads: section.integer('threads', 1, 256),
    filesAhead: section.integer('read-ahead', 0, 256),
    level: section.integer('level', 1, 9),
    engine: section.oneOf('engine', ['own', 'zlib']),
    oversize: section.oneOf('oversize', ['skip', 'split']),
    volumeSizeBytes: section.read(
      'volume-size',
      'a size such as 600MB or 2GiB',
      (text) => atLeastOne(parseSize(text)),
    ),
    lockWaitMs: section.duration('lock-wait'),
    accept: section.read('accept', 'patterns, separated by commas', parseList),
    exclude: section.read(
      'exclude',
      'patterns, separated by commas',
      parseList,
    ),
    includesArchive: section.yesNo('include-archive'),
    minFreeBytes: section.read(
      'min-free',
      'a size such as 4GiB, or 0',
      (text) => parseSize(text),
    ),
    verify: section.yesNo('verify'),
    rotate: section.yesNo('rotate'),
    reuse: section.yesNo('reuse'),
    freshEvery: section.integer('fresh-every', 1, 1000),
    massLossUserPercent: section.percent('mass-loss-user'),
    massLossAllPercent: section.percent('mass-loss-all'),
    identityFile: section.path('identity-file'),
  };
}

function readHooks(section: SectionReader): IniSettings['hooks'] {
  return {
    before: section.text('before'),
    after: section.text('after'),
    onError: section.text('on-error'),
    timeoutMs: section.duration('timeout'),
  };
}

function readPing(section: SectionReader): IniSettings['ping'] {
  return {
    url: section.webAddress('url'),
    timeoutMs: section.duration('timeout'),
  };
}

function readNetworkDisk(section: SectionReader): IniSettings['networkDisk'] {
  return {
    user: section.text('user'),
    passwordFile: section.path('password-file'),
  };
}

function readMirror(section: SectionReader): IniSettings['mirror'] {
  return {
    to: section.text('to'),
    retention: readRetention(section),
  };
}

function outsideSections({ key, lineNumber }: IniEntry): IniProblem {
  return { lineNumber, text: `${key ?? ''} stands before the first [section]` };
}

/** Those that a file can have; of targets the form of their names. */
function sectionNames(known: Iterable<string>): string[] {
  const own = [...known].filter((name) => !name.startsWith('target.'));

  return [...own, 'target.NAME'];
}

function unknownSection(
  { section, lineNumber }: IniEntry,
  known: readonly string[],
): IniProblem {
  if (section === REMOTE) {
    const hint =
      'An object store is a [target.NAME]; docs/operating.md shows how it is set up.';
    const text = '[remote] says nothing to this version';

    return { lineNumber, text, hint };
  }

  const [nearest] = nearestNames(section, known);
  const text = `no section [${section}] is known${nearest === undefined ? '' : `; did you mean [${nearest}]?`}`;

  return {
    lineNumber,
    text,
    hint: `The sections are ${known.map((name) => `[${name}]`).join(', ')}.`,
  };
}

function atLeastOne(bytes: number | undefined): number | undefined {
  return bytes !== undefined && bytes > 0 ? bytes : undefined;
}

/** Undefined where one of them is nothing. */
function parseList(text: string): string[] | undefined {
  const parts = text.split(',').map((part) => part.trim());

  return parts.includes('') ? undefined : parts;
}
