import { type Command, Help } from '@oclif/core';
import { EXIT_MEANING, type ExitCode } from '../errors.js';

/** Every command can end with these. */
const ALWAYS_POSSIBLE: readonly ExitCode[] = [0, 1, 2, 130, 143];

/** oclif's help with an EXIT STATUS section for each command. */
export default class KmsHelp extends Help {
  override formatCommand(command: Command.Loadable): string {
    const own = (command as { exitCodes?: readonly ExitCode[] }).exitCodes ?? [];
    const codes = [...new Set([...ALWAYS_POSSIBLE, ...own])].sort((a, b) => a - b);
    const rows = codes.map((code) => `  ${String(code).padStart(3)}  ${EXIT_MEANING[code]}`);
    return `${super.formatCommand(command)}\nEXIT STATUS\n${rows.join('\n')}\n`;
  }
}
