import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { openHistory } from '../jobs/record-run.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { withEnvironment } from '../ui/flags.js';
import { documentHistory, formatHistory } from '../ui/present/history.js';
import { terminalColumns } from '../ui/terminal-text.js';

export default class History extends KmsCommand {
  static override summary = 'Show what ran and how it ended, newest last.';
  static override description =
    'Each backup, verify, drill, rotate, replicate and recover, and each schedule run that had something to do, as kms-backup-history.jsonl beside mailserver.cfg tells it. A run that began and never ended, and whose process is gone, has died. Previews (--dry-run) are no runs. A command line that was wrong and was typed at a terminal is shown as that, and is no matter of status.';
  static override examples = [
    '<%= config.bin %> history',
    '<%= config.bin %> history --last 5',
    '<%= config.bin %> history --last 1000 --json',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override flags = withEnvironment({
    last: Flags.integer({
      min: 1,
      default: 20,
      helpValue: 'N',
      summary: 'How many runs.',
    }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(History);
    const { file, runs } = openHistory(flags);
    const last = runs.slice(-flags.last);

    return {
      json: documentHistory(file, last),
      text:
        last.length === 0
          ? `Nothing ran yet: ${file} is not there or empty.`
          : formatHistory(last, terminalColumns()),
    };
  }
}
