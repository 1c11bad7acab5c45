import { type Command, Help } from '@oclif/core';
import { EXIT_MEANING, type ExitCode } from '../errors.js';
import { isCalledKmsrecover } from '../platform/self.js';
import { usualVariable } from './flags.js';

/** Every command can end with these. */
const ALWAYS_POSSIBLE: readonly ExitCode[] = [0, 1, 2, 130, 143];

/**
 * oclif's help with the sections ENVIRONMENT and EXIT STATUS for each command. The variables are told by one rule: with
 * each of them spelled out nobody finds the words that say what a flag does.
 */
export default class KmsHelp extends Help {
  override formatCommand(command: Command.Loadable): string {
    const sections = [
      super.formatCommand(forReading(command)).trimEnd(),
      this.section('ENVIRONMENT', this.wrap(environment(command))),
      this.section('EXIT STATUS', exitCodes(command)),
    ];

    const text = sections.join('\n\n');

    return isCalledKmsrecover()
      ? text.replaceAll('kms-backup recover', 'kmsrecover')
      : text;
  }
}

/** The rule of the variables, and those of this command that hold its name. */
function environment({ flags }: Command.Loadable): string {
  const own = Object.entries(flags)
    .map(([name, { env }]) => [name, env ?? ''] as const)
    .filter(([name, env]) => env !== '' && env !== usualVariable(name));
  const exceptions = own.map(([name, env]) => `--${name} is ${env}`).join(', ');

  return [
    'Each flag has a variable: --server-dir is KMS_BACKUP_SERVER_DIR.',
    ...(exceptions === '' ? [] : [`Here ${exceptions}.`]),
    'A flag beats its variable, and that kms-backup.ini.',
  ].join(' ');
}

/** Each exit code and what it means. */
function exitCodes(command: Command.Loadable): [string, string][] {
  const own = (command as { exitCodes?: readonly ExitCode[] }).exitCodes ?? [];
  const codes = [...new Set([...ALWAYS_POSSIBLE, ...own])].sort(
    (a, b) => a - b,
  );
  return codes.map((code) => [String(code), EXIT_MEANING[code]]);
}

/** The command with its description in one paragraph, and its flags without their variables. */
function forReading(command: Command.Loadable): Command.Loadable {
  const flags = Object.entries(command.flags).map(([name, flag]) => [
    name,
    { ...flag, env: undefined },
  ]);

  return {
    ...command,
    ...(command.description === undefined
      ? {}
      : { description: command.description.replaceAll('\n', ' ') }),
    flags: Object.fromEntries(flags) as Command.Loadable['flags'],
  };
}
