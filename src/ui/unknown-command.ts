import { UsageError } from '../errors.js';
import { nearestNames } from '../platform/nearest.js';
import { OTHER_WORDS } from './other-words.js';

/**
 * Says whether a command line begins with the words of a command.
 * @param ids the known commands, as oclif names them: `backup:full`
 */
export function namesCommand(
  argv: readonly string[],
  ids: readonly string[],
): boolean {
  return ids.some((id) =>
    id.split(':').every((word, index) => argv[index] === word),
  );
}

/**
 * A command line whose words are no command, in words for people: `bakup full` → did you mean `backup full`?
 * @param argv what was typed
 * @param ids the known commands, as oclif names them: `backup:full`
 */
export function unknownCommand(
  argv: readonly string[],
  ids: readonly string[],
): UsageError {
  const words = argv.slice(
    0,
    argv.findIndex((word) => word.startsWith('-')) >>> 0,
  );

  const help = 'See kms-backup --help for all commands.';

  if (words.length === 0) {
    return new UsageError(`no command before ${argv[0] ?? ''}`, {
      hints: [help],
    });
  }

  const [first = '', second = ''] = words;
  const other = OTHER_WORDS[`${first} ${second}`] ?? OTHER_WORDS[first];
  const known = ids.map((id) => id.replaceAll(':', ' '));
  const typed = (command: string): string =>
    words.slice(0, command.split(' ').length).join(' ');
  const meant = known.filter(
    (command) => nearestNames(typed(command), [command]).length > 0,
  );
  const near = nearestNames(words.join(' '), meant);
  const guessed = near.length > 0 ? near : meant.slice(0, 3);
  const hints = (other === undefined ? guessed : [other]).map(
    (command) => `Did you mean kms-backup ${command}?`,
  );

  return new UsageError(`no such command: ${words.join(' ')}`, {
    hints: [...hints, help],
  });
}
