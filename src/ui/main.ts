import { basename } from 'node:path';
import { type Interfaces, run } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { presentError } from './command.js';

/**
 * Runs the command line. Called as `kmsrecover` the binary is `kms-backup recover --yes`, as the manual has it.
 * @param root the configuration of oclif, or the URL of the entry file, from which oclif finds package.json
 */
export async function main(argv: readonly string[], invokedAs: string, root: Interfaces.LoadOptions): Promise<void> {
  const isKmsrecover = basename(invokedAs).replace(/\.(js|cmd|exe)$/i, '') === 'kmsrecover';
  const words = isKmsrecover ? ['recover', '--yes', ...argv] : [...argv];
  try {
    await run(words, root);
  } catch (error) {
    if (isHelpExit(error)) return;
    process.exitCode = presentError(error, words.includes('--json'));
  }
}

/** oclif ends `--help` and `--version` by throwing an exit with code 0. */
function isHelpExit(error: unknown): boolean {
  if (!(error instanceof Error) || !('oclif' in error)) return false;
  const { exit } = error.oclif as { exit?: number };
  return error.constructor.name === 'ExitError' && exit === ExitCode.done;
}
