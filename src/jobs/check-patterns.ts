/** The patterns of `[backup] accept` and `exclude`: what no backup takes, and what doctor says of them. */
import { ConfigurationError } from '../errors.js';
import { readHistory } from '../history/read-history.js';
import type { IniSettings } from '../settings/ini-settings.js';
import { type Check, ok, problem, warning } from '../status/check.js';
import { faultOfExclude } from '../store/left-out-paths.js';
import { describeLeftOut, describeUnused } from '../store/left-out-words.js';

const NAME = 'patterns';

/**
 * Patterns that would leave out what no backup may lack are refused.
 * @throws {ConfigurationError}
 */
export function checkExclude(patterns: readonly string[]): readonly string[] {
  for (const pattern of patterns) {
    const fault = faultOfExclude(pattern);
    if (fault === undefined) continue;

    throw new ConfigurationError(
      `[backup] exclude = ${pattern} of kms-backup.ini ${fault}`,
      {
        hints: [
          'Name single folders or users, such as mail/example.com/alice; docs/configuration.md shows the patterns.',
        ],
      },
    );
  }

  return patterns;
}

/** The last backup knows what they match. */
export function checkPatterns(
  installDir: string,
  { backup }: IniSettings,
): Check {
  const { accept = [], exclude = [] } = backup;
  const fault = exclude.find((one) => faultOfExclude(one) !== undefined);

  if (fault !== undefined) {
    return problem(
      NAME,
      `[backup] exclude = ${fault} ${faultOfExclude(fault) ?? ''}`,
      'Name single folders or users: no backup is made until then.',
    );
  }

  if (accept.length + exclude.length === 0) {
    return ok(NAME, 'nothing is accepted or left out on purpose');
  }

  return checkLast(installDir, { accept, exclude });
}

/** What the last backup found of them; patterns that changed since are not judged. */
function checkLast(
  installDir: string,
  patterns: {
    readonly accept: readonly string[];
    readonly exclude: readonly string[];
  },
): Check {
  const facts = readHistory(installDir).findLast(
    (run) => run.facts.accepted !== undefined,
  )?.facts;
  const unused = (['accept', 'exclude'] as const).flatMap((key) =>
    (facts?.unusedPatterns?.[key] ?? [])
      .filter((pattern) => patterns[key].includes(pattern))
      .map((pattern) => describeUnused(key, pattern)),
  );

  if (unused.length > 0) {
    return warning(
      NAME,
      unused.join('; '),
      'Correct the pattern, or take it out: so said the last backup.',
    );
  }

  const leftOut = facts?.excluded ? describeLeftOut(facts.excluded) : 'nothing';

  return ok(NAME, `the last backup left out on purpose: ${leftOut}`);
}
