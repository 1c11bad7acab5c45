/** `KEY=VALUE`, as people and scripts give settings. */
import { readFileSync, statSync } from 'node:fs';
import { messageOf, UsageError } from '../errors.js';
import { nearestNames } from '../platform/nearest.js';
import { refuseTooLarge } from '../platform/settings-file.js';
import { SETTING_KEYS } from './keys.js';
import {
  NETWORK_DISK_KEYS,
  NETWORK_DISK_PASSWORD_FILE,
} from './network-disk-keys.js';

/** One `KEY=VALUE`. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
}

/**
 * The settings of a document and those that are typed, which go before it.
 * @param file what `config show --json` wrote; - is stdin; undefined: only what is typed
 * @throws {UsageError} when there are none, or as `parseAssignments`
 */
export function mergeAssignments(
  file: string | undefined,
  words: readonly string[],
): Assignment[] {
  const given = file === undefined ? [] : readAssignments(file);
  const typed = parseAssignments(words);
  const typedNames = typed.map(({ name }) => name);

  const assignments = [
    ...given.filter(({ name }) => !typedNames.includes(name)),
    ...typed,
  ];

  if (assignments.length > 0) return assignments;

  throw new UsageError('nothing to set', {
    hints: ['Name settings: config set keep=3.', 'See config show for all.'],
  });
}

/** The settings of a document of `config show --json`. */
function readAssignments(file: string): Assignment[] {
  try {
    if (file !== '-') refuseTooLarge(file, statSync(file));

    const document = JSON.parse(
      readFileSync(file === '-' ? 0 : file, 'utf8'),
    ) as {
      settings?: Record<string, unknown>;
    } | null;

    if (typeof document?.settings !== 'object') {
      throw new Error('it holds no "settings"');
    }

    return parseAssignments(
      Object.entries(document.settings).map(
        ([name, value]) => `${name}=${String(value)}`,
      ),
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;

    throw new UsageError(
      `cannot read settings from ${file}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/**
 * Takes `KEY=VALUE` words apart and checks the keys.
 * @throws {UsageError} for a word without `=`, an unknown key (with the nearest one), a key twice, or a password
 */
function parseAssignments(words: readonly string[]): Assignment[] {
  const seen = new Set<string>();
  return words.map((word) => {
    const [, name = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(word) ?? [];
    if (name === '') {
      throw new UsageError(`not KEY=VALUE: ${JSON.stringify(word)}`);
    }

    if (name === 'network-disk-password') {
      throw new UsageError(
        'a password is never taken from an argument: other users can read it in the process list',
        {
          hints: [
            `Write it to a file that only you can read and set ${NETWORK_DISK_PASSWORD_FILE}=FILE.`,
          ],
        },
      );
    }

    const known = [
      ...SETTING_KEYS.map((key) => key.name),
      ...Object.keys(NETWORK_DISK_KEYS),
    ];

    if (!known.includes(name)) {
      const nearest = nearestNames(name, known, 1)[0];
      const hints = nearest === undefined ? [] : [`Did you mean ${nearest}?`];

      throw new UsageError(`no such setting: ${JSON.stringify(name)}`, {
        hints: [...hints, 'See config show for all.'],
      });
    }

    if (seen.has(name)) throw new UsageError(`${name} is given twice`);

    seen.add(name);

    return { name, value };
  });
}
