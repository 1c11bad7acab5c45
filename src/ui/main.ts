import { Errors, type Interfaces, run } from '@oclif/core';
import { ExitCode, UsageError } from '../errors.js';
import { settleTimeZone } from '../platform/time-zone.js';
import { isCalledKmsrecover } from '../platform/self.js';
import { bareTopic, refuseBareTopic } from './bare-topic.js';
import { presentError, wantsJson } from './present/error.js';
import { guardStandardStreams } from './standard-streams.js';
import { namesCommand, unknownCommand } from './unknown-command.js';

/**
 * Runs the command line. Called as `kmsrecover` the binary is `kms-backup recover --yes`, as the manual has it.
 * @param root the configuration of oclif, with the commands that there are
 */
export async function main(
  argv: readonly string[],
  root: Interfaces.Config,
): Promise<void> {
  guardStandardStreams();

  const words = toWords(argv);
  const problem = settleTimeZone(process.env);

  if (problem !== undefined) {
    process.stderr.write(
      `Warning: ${problem}. Write it as TZ=Europe/Prague.\n`,
    );
  }

  try {
    if (process.platform === 'win32') refuseSwallowedQuote(words);

    const topic = bareTopic(words, root);
    if (topic) {
      process.exitCode = await refuseBareTopic(topic, words, root);
      return;
    }

    await run(words, root);
  } catch (error) {
    if (isHelpExit(error)) return;

    // Without a command's name, oclif throws that it found no command.
    const isUnknown =
      error instanceof Errors.CLIError && !namesCommand(words, root.commandIDs);
    process.exitCode = presentError(
      isUnknown ? unknownCommand(words, root.commandIDs) : error,
      wantsJson(words),
    );
  }
}

/** `kmsrecover …` and `help …` as the commands that they mean. */
function toWords(argv: readonly string[]): string[] {
  if (isCalledKmsrecover()) return ['recover', '--yes', ...argv];
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
}

/**
 * `"E:\backup 2\" --json`: Windows takes the `\"` for a quotation mark that belongs to the path, and the rest with it.
 * @throws {UsageError} where a path, which can hold none on Windows, holds one
 */
function refuseSwallowedQuote(words: readonly string[]): void {
  const path = words.find((word) => /^(?:[a-z]:|\\\\).*"/i.test(word));
  if (path === undefined) return;
  throw new UsageError(`a path holds a quotation mark: ${path}`, {
    hints: [
      'Write "E:\\backup 2" with no backslash before the closing quotation mark.',
    ],
  });
}

/** oclif ends `--help` and `--version` by throwing an exit with code 0. */
function isHelpExit(error: unknown): boolean {
  if (!(error instanceof Error) || !('oclif' in error)) return false;
  const { exit } = error.oclif as { exit?: number };
  return error.constructor.name === 'ExitError' && exit === ExitCode.done;
}
