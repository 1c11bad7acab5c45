import { isAbsolute, resolve } from 'node:path';
import { nearestNames } from '../platform/nearest.js';
import { parseDuration, parseSize } from '../platform/units.js';

/** When a notification is sent: after every run, only when something needs attention, or not at all. */
const NOTIFY_RULES = ['always', 'problems', 'never'] as const;
export type NotifyRule = (typeof NOTIFY_RULES)[number];

/** How the connection to the SMTP service is protected; `auto` takes STARTTLS where the service offers it. */
const TLS_MODES = ['auto', 'none', 'starttls', 'tls'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** What kms-backup.ini says. An undefined value is not set: the environment or mailserver.cfg may say it. */
export interface IniSettings {
  readonly backup: {
    readonly threads: number | undefined;
    /** Deflate's level, 1 to 9. */
    readonly level: number | undefined;
    readonly oversize: 'skip' | 'split' | undefined;
    readonly volumeSizeBytes: number | undefined;
    readonly lockWaitMs: number | undefined;
    readonly verify: boolean | undefined;
    readonly rotate: boolean | undefined;
    /** A backup that finds a user with this many per cent fewer messages raises the mass-loss alarm. */
    readonly massLossUserPercent: number | undefined;
    /** The same for all messages together. */
    readonly massLossAllPercent: number | undefined;
  };
  readonly smtp: {
    readonly host: string | undefined;
    readonly port: number | undefined;
    readonly tls: TlsMode | undefined;
    /** False accepts any certificate. */
    readonly tlsVerify: boolean | undefined;
    readonly user: string | undefined;
    /** Absolute. */
    readonly passwordFile: string | undefined;
    readonly from: string | undefined;
    readonly to: readonly string[] | undefined;
    readonly notify: NotifyRule | undefined;
    readonly timeoutMs: number | undefined;
  };
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
  readonly networkDisk: {
    readonly user: string | undefined;
    readonly passwordFile: string | undefined;
  };
}

/** One line of the file: a section's head where `key` is undefined, otherwise a key of that section. */
export interface IniEntry {
  readonly section: string;
  readonly key: string | undefined;
  readonly value: string;
  readonly lineNumber: number;
}

/** What is wrong with one line, and what to do about it. */
export interface IniProblem {
  readonly lineNumber: number;
  readonly text: string;
  readonly hint?: string;
}

const SECRET_KEYS = new Set(['password', 'pass', 'passwd', 'secret']);
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
    smtp: readSmtp(section('smtp')),
    hooks: readHooks(section('hooks')),
    metrics: { textfile: section('metrics').path('textfile') },
    ping: readPing(section('ping')),
    networkDisk: readNetworkDisk(section('network-disk')),
  };

  for (const entry of entries) {
    const reader = sections.get(entry.section);
    if (reader) {
      reader.checkKnown(entry);
    } else if (entry.key === undefined) {
      problems.push(unknownSection(entry, [...sections.keys()]));
    } else if (entry.section === '') {
      problems.push(outsideSections(entry));
    }
  }

  return settings;
}

function readBackup(section: SectionReader): IniSettings['backup'] {
  return {
    threads: section.integer('threads', 1, 256),
    level: section.integer('level', 1, 9),
    oversize: section.oneOf('oversize', ['skip', 'split']),
    volumeSizeBytes: section.read(
      'volume-size',
      'a size such as 600MB or 2GiB',
      (text) => atLeastOne(parseSize(text)),
    ),
    lockWaitMs: section.duration('lock-wait'),
    verify: section.yesNo('verify'),
    rotate: section.yesNo('rotate'),
    massLossUserPercent: section.percent('mass-loss-user'),
    massLossAllPercent: section.percent('mass-loss-all'),
  };
}

function readSmtp(section: SectionReader): IniSettings['smtp'] {
  return {
    host: section.word('host', 'a host name or an address'),
    port: section.integer('port', 1, 65535),
    tls: section.oneOf('tls', TLS_MODES),
    tlsVerify: section.yesNo('tls-verify'),
    user: section.text('user'),
    passwordFile: section.path('password-file'),
    from: section.read('from', 'one e-mail address', (text) =>
      parseAddresses(text)?.at(0),
    ),
    to: section.read(
      'to',
      'e-mail addresses, separated by commas',
      parseAddresses,
    ),
    notify: section.oneOf('notify', NOTIFY_RULES),
    timeoutMs: section.duration('timeout'),
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
  const url = section.read('url', 'an http or https address', (text) =>
    URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
      ? text
      : undefined,
  );
  return { url, timeoutMs: section.duration('timeout') };
}

function readNetworkDisk(section: SectionReader): IniSettings['networkDisk'] {
  return {
    user: section.text('user'),
    passwordFile: section.path('password-file'),
  };
}

/** Gives a section's values out by key, remembers which keys exist, and notes every value that is wrong. */
class SectionReader {
  readonly #known = new Set<string>();
  readonly #entries: readonly IniEntry[];

  constructor(
    private readonly name: string,
    entries: readonly IniEntry[],
    private readonly installDir: string,
    private readonly problems: IniProblem[],
  ) {
    this.#entries = entries.filter(
      (entry) => entry.section === name && entry.key !== undefined,
    );
  }

  /** The value of `key` as `convert` gives it; undefined where it is not set or, with a problem noted, wrong. */
  read<T>(
    key: string,
    expected: string,
    convert: (text: string) => T | undefined,
  ): T | undefined {
    this.#known.add(key);

    const [entry, again] = this.#entries.filter((each) => each.key === key);
    if (again) {
      const text = `${key} is set a second time, first in line ${String(entry?.lineNumber)}`;
      this.problems.push({ lineNumber: again.lineNumber, text });
    }

    if (!entry) return undefined;

    const value = entry.value === '' ? undefined : convert(entry.value);
    if (value === undefined) {
      const found = entry.value === '' ? 'nothing' : withoutLogin(entry.value);
      const text = `[${this.name}] ${key} must be ${expected}, found ${found}`;

      this.problems.push({ lineNumber: entry.lineNumber, text });
    }

    return value;
  }

  text(key: string): string | undefined {
    return this.read(key, 'some text', (text) => text);
  }

  word(key: string, expected: string): string | undefined {
    return this.read(key, expected, (text) =>
      /^[^\s/@]+$/.test(text) ? text : undefined,
    );
  }

  path(key: string): string | undefined {
    return this.read(key, 'a path', (text) =>
      isAbsolute(text) ? text : resolve(this.installDir, text),
    );
  }

  integer(key: string, least: number, most: number): number | undefined {
    return this.read(
      key,
      `a whole number from ${String(least)} to ${String(most)}`,
      (text) => within(text, least, most),
    );
  }

  percent(key: string): number | undefined {
    return this.read(key, 'a percentage from 1 to 100', (text) =>
      within(text.replace(/\s*%$/, ''), 1, 100),
    );
  }

  duration(key: string): number | undefined {
    return this.read(key, 'a duration such as 30s or 10m', (text) =>
      parseDuration(text),
    );
  }

  yesNo(key: string): boolean | undefined {
    return this.read(key, 'yes or no', (text) => {
      if (/^(yes|true|1|on)$/i.test(text)) return true;
      return /^(no|false|0|off)$/i.test(text) ? false : undefined;
    });
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T | undefined {
    return this.read(key, `one of ${choices.join(', ')}`, (text) =>
      choices.find((choice) => choice === text),
    );
  }

  /** Notes a problem where an entry's key was never asked for. */
  checkKnown({ key, lineNumber }: IniEntry): void {
    if (key === undefined || this.#known.has(key)) return;

    if (SECRET_KEYS.has(key)) {
      const hint =
        'Put the password alone into a file that only root can read, and name it with password-file.';
      this.problems.push({
        lineNumber,
        text: `[${this.name}] takes no ${key} in clear`,
        hint,
      });

      return;
    }

    const [nearest] = nearestNames(key, this.#known);
    const text = `[${this.name}] has no key ${key}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    const hint = `The keys of [${this.name}] are ${[...this.#known].join(', ')}.`;

    this.problems.push({ lineNumber, text, hint });
  }
}

/** Of an address only how it begins: its path may be a secret as its login is. */
function withoutLogin(value: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(value)?.[0] ?? '';
  return /\/|:[^@]*@/.test(value) ? `${scheme}***` : value;
}

function outsideSections({ key, lineNumber }: IniEntry): IniProblem {
  return { lineNumber, text: `${key ?? ''} stands before the first [section]` };
}

function unknownSection(
  { section, lineNumber }: IniEntry,
  known: readonly string[],
): IniProblem {
  if (section === REMOTE) {
    const hint =
      'Copy the backup directory with rsync or rclone from an after hook; docs/operating.md shows how.';
    const text =
      '[remote] is a name kept for archives on remote storage, which this version cannot write';

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

function within(text: string, least: number, most: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}

function atLeastOne(bytes: number | undefined): number | undefined {
  return bytes !== undefined && bytes > 0 ? bytes : undefined;
}

/** `a@b, Name <c@d>` as a list; undefined where one of them is no address or holds a line break. */
function parseAddresses(text: string): string[] | undefined {
  const parts = text.split(/[,;]/).map((part) => part.trim());
  return parts.every(isMailAddress) ? parts : undefined;
}

/** `a@b` or `Name <a@b>`. */
export function isMailAddress(part: string): boolean {
  return /^(?:[^<>\r\n]*<[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+)$/.test(part);
}
