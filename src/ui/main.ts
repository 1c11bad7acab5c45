import { basename } from 'node:path';
import { type Interfaces, run } from '@oclif/core';
import { ExitCode, UsageError } from '../errors.js';
import { presentError } from './command.js';

/**
 * Runs the command line. Called as `kmsrecover` the binary is `kms-backup recover --yes`, as the manual has it.
 * @param root the configuration of oclif, or the URL of the entry file, from which oclif finds package.json
 */
export async function main(argv: readonly string[], invokedAs: string, root: Interfaces.LoadOptions): Promise<void> {
  const isKmsrecover = /^kmsrecover(\.js|\.exe)?$/i.test(basename(invokedAs));
  const words = isKmsrecover ? ['recover', '--yes', ...argv] : [...argv];
  try {
    if (process.platform === 'win32') refuseSwallowedQuote(words);
    await run(words, root);
  } catch (error) {
    if (isHelpExit(error)) return;
    process.exitCode = presentError(error, words.includes('--json'));
  }
}

/**
 * `"E:\backup 2\" --json`: Windows takes the `\"` for a quotation mark that belongs to the path, and the rest with it.
 * @throws {UsageError} where a path, which can hold none on Windows, holds one
 */
function refuseSwallowedQuote(words: readonly string[]): void {
  const path = words.find((word) => /^(?:[a-z]:|\\\\).*"/i.test(word));
  if (path === undefined) return;
  throw new UsageError(`a path holds a quotation mark: ${path}`, {
    hints: ['Write "E:\\backup 2" with no backslash before the closing quotation mark.'],
  });
}

/** oclif ends `--help` and `--version` by throwing an exit with code 0. */
function isHelpExit(error: unknown): boolean {
  if (!(error instanceof Error) || !('oclif' in error)) return false;
  const { exit } = error.oclif as { exit?: number };
  return error.constructor.name === 'ExitError' && exit === ExitCode.done;
}
