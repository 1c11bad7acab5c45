import type { Interfaces } from '@oclif/core';
import { type ExitCode, UsageError } from '../errors.js';
import { nearestNames } from '../platform/nearest.js';
import { presentError, wantsJson } from './present/error.js';

/** The topic that a command line names without a command of it: `backup`, `backup --full`; undefined for any other. */
export function bareTopic(
  argv: readonly string[],
  root: Interfaces.Config,
): Interfaces.Topic | undefined {
  const end = argv.findIndex((word) => word.startsWith('-'));
  const words = end === -1 ? argv : argv.slice(0, end);
  if (words.length === 0 || asksForHelp(argv)) return undefined;

  const id = words.join(':');

  return root.findCommand(id) ? undefined : root.findTopic(id);
}

/** Says what is missing, and the topic's help, on stderr: a cron line that lacks a word must not pass for a backup. */
export async function refuseBareTopic(
  topic: Interfaces.Topic,
  argv: readonly string[],
  root: Interfaces.Config,
): Promise<ExitCode> {
  const typed = topic.name.replaceAll(':', ' ');
  const commands = commandsOf(topic.name, root.commandIDs);
  const flags = argv.filter((word) => word.startsWith('--'));
  const meant = flags.flatMap((flag) => nearestNames(flag.slice(2), commands));

  const error = new UsageError(
    `${typed} does nothing by itself, it needs a command: ${commands.join(', ')}`,
    {
      hints: [
        ...[...new Set(meant)].map(
          (command) => `Did you mean kms-backup ${typed} ${command}?`,
        ),
        `See kms-backup ${typed} --help.`,
      ],
    },
  );

  const exitCode = presentError(error, wantsJson(argv));

  process.stderr.write('\n');

  const { default: KmsHelp } = await import('./help.js');
  await new KmsHelp(root, {
    ...root.pjson.oclif.helpOptions,
    sendToStderr: true,
  }).showHelp(typed.split(' '));

  return exitCode;
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some(
    (word) => word === '--help' || word === '-h',
  );
}

/** Returns the words that may follow a topic's name, each with its own next word: `enable store-backup`. */
function commandsOf(topic: string, ids: readonly string[]): string[] {
  const below = ids.filter((id) => id.startsWith(`${topic}:`));
  return below
    .map((id) => id.slice(topic.length + 1).replaceAll(':', ' '))
    .sort();
}
