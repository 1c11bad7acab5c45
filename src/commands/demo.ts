import { Args } from '@oclif/core';
import { runDemo, type DemoReport, type DemoStep } from '../demo/story.js';
import { plural } from '../platform/units.js';
import { KmsCommand, type Outcome } from '../ui/command.js';

/** `kms-backup demo [DIR]`. */
export default class Demo extends KmsCommand {
  static override summary = 'Show backup and recovery on a sample mail server.';
  static override description =
    'Builds a sample mail server, backs it up, changes mail, backs up the difference, verifies, loses the store, recovers it ' +
    'and compares every byte and time. Each step prints the command that an administrator would type. A real mail server on ' +
    'this machine plays no part.';
  static override examples = [
    '<%= config.bin %> demo',
    '<%= config.bin %> demo /tmp/kms-backup-demo',
  ];
  static override args = {
    DIR: Args.string({
      description:
        'An empty or new directory that is kept; default: a temporary one, removed afterwards.',
    }),
  };

  protected override async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Demo);
    this.kept =
      args.DIR === undefined
        ? 'the temporary directory is removed'
        : `${args.DIR} holds what was made`;

    let number = 0;

    const onStep = (step: DemoStep): void => {
      number++;
      if (!flags.json && !flags.quiet) this.log(describeStep(step, number));
    };

    const report = await runDemo({
      directory: args.DIR,
      onStep,
      signal: this.signal,
    });

    return {
      json: { schema: 'kms-backup/demo/1', ...report },
      text: describeEnd(report),
      isSummary: true,
    };
  }
}

function describeStep(step: DemoStep, number: number): string {
  const lines = step.text.split('\n').map((line) => `   ${line}`);
  const command = step.command === undefined ? [] : [`   $ ${step.command}`];
  return [`${String(number)}. ${step.title}`, ...command, ...lines, '']
    .map((line) => line.trimEnd())
    .join('\n');
}

function describeEnd(report: DemoReport): string {
  const where = report.isKept
    ? `Everything is kept in ${report.directory}.`
    : 'The temporary directory is removed.';
  return `Lost and recovered: ${plural(report.messages, 'message')}. ${where}`;
}
