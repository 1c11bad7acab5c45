import { Args } from '@oclif/core';
import { KmsCommand, type Outcome } from '../ui/command.js';
import {
  readCompletionScript,
  SHELLS,
  type Shell,
} from '../ui/completion-script.js';

export default class Completion extends KmsCommand {
  static override summary = 'Print the completion script of a shell.';
  static override description =
    'The shell then completes commands, flags, their values and paths when Tab is pressed.';
  static override args = {
    shell: Args.string({
      required: true,
      options: Object.keys(SHELLS),
      description: 'The shell: bash, zsh, fish or powershell.',
    }),
  };
  static override examples = [
    'source <(<%= config.bin %> <%= command.id %> bash)',
    '<%= config.bin %> <%= command.id %> bash > /etc/bash_completion.d/kms-backup',
    '<%= config.bin %> <%= command.id %> zsh > "${fpath[1]}/_kms-backup"',
    '<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/kms-backup.fish',
    '<%= config.bin %> <%= command.id %> powershell >> $PROFILE',
  ];

  protected override stopsAtOnce = true;
  protected override isVerbatim = true;

  protected async execute(): Promise<Outcome> {
    const { args } = await this.parse(Completion);
    const script = readCompletionScript(args.shell as Shell);
    return {
      json: { schema: 'kms-backup/completion/1', shell: args.shell, script },
      text: script.trimEnd(),
    };
  }
}
