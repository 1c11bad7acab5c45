import { Args } from '@oclif/core';
import { completionWords, WORD_KINDS } from '../jobs/complete-words.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { document } from '../ui/document.js';

export default class Complete extends KmsCommand {
  static override hidden = true;
  static override strict = false;
  static override summary =
    'Print the words that a shell offers when Tab is pressed.';
  static override description =
    "Called by the completion scripts, with the words of the command line behind --. Archives are those of the server's backup directory, domains, users and folders those of its store.";
  static override args = {
    kind: Args.string({
      required: true,
      options: [...WORD_KINDS],
      description: 'What is completed.',
    }),
  };
  static override examples = [
    '<%= config.bin %> <%= command.id %> folders -- recover --user alice',
  ];

  protected override stopsAtOnce = true;
  protected override isVerbatim = true;

  protected async execute(): Promise<Outcome> {
    const { args, argv } = await this.parse(Complete);
    const kind = WORD_KINDS.find((name) => name === args.kind) ?? 'keys';
    const words = completionWords(kind, argv.slice(1).map(String));

    return { json: document('complete', { words }), text: words.join('\n') };
  }
}
