/** The typed values of one section of kms-backup.ini; what is wrong with a line is noted, not thrown. */
import { isAbsolute, resolve } from 'node:path';
import { nearestNames } from '../platform/nearest.js';
import { parseDuration } from '../platform/units.js';

/** One line of the file: a section's head where `key` is undefined, otherwise a key of that section. */
export interface IniEntry {
  readonly section: string;
  readonly key: string | undefined;
  readonly value: string;
  readonly lineNumber: number;
}

/** The fault of one line, and advice. */
export interface IniProblem {
  readonly lineNumber: number;
  readonly text: string;
  readonly hint?: string;
}

const PASSWORD_HINT =
  'Put the password alone into a file that only root can read, and name it with password-file.';
const KEY_HINT =
  'Put the keys into a file in the format of ~/.aws/credentials that only root can read, and name it with credentials-file.';

/** The keys that people write a secret under, and the place for it. */
const SECRET_KEYS: ReadonlyMap<string, string> = new Map([
  ...['password', 'pass', 'passwd', 'secret'].map(
    (key) => [key, PASSWORD_HINT] as const,
  ),
  ...[
    'access-key',
    'access-key-id',
    'aws_access_key_id',
    'secret-key',
    'secret-access-key',
    'aws_secret_access_key',
    'session-token',
    'aws_session_token',
  ].map((key) => [key, KEY_HINT] as const),
]);

/** Gives a section's values out by key, remembers which keys exist, and notes every value that is wrong. */
export class SectionReader {
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

  webAddress(key: string): string | undefined {
    return this.read(key, 'an http or https address', (text) =>
      URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
        ? text
        : undefined,
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

    const hint = SECRET_KEYS.get(key);
    if (hint !== undefined) {
      this.problems.push({
        lineNumber,
        text: `[${this.name}] takes no ${key} in clear`,
        hint,
      });

      return;
    }

    const [nearest] = nearestNames(key, this.#known);
    const text = `[${this.name}] has no key ${key}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    const keys = `The keys of [${this.name}] are ${[...this.#known].join(', ')}.`;

    this.problems.push({ lineNumber, text, hint: keys });
  }
}

/** Of an address only how it begins: its path may be a secret as its login is. */
function withoutLogin(value: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(value)?.[0] ?? '';
  return /\/|:[^@]*@/.test(value) ? `${scheme}***` : value;
}

function within(text: string, least: number, most: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
