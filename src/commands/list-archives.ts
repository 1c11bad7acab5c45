import { Args, Flags } from '@oclif/core';
import { resolve } from 'node:path';
import { countMessages, inspectDirectory } from '../archive/inspect.js';
import { ExitCode } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { openServer } from '../ui/context.js';
import { withEnvironment } from '../ui/flags.js';
import {
  type ArchiveRow,
  archivesDocument,
  formatArchives,
} from '../ui/present/archives.js';
import { terminalColumns } from '../ui/table.js';

export default class ListArchives extends KmsCommand {
  static override summary =
    'List the archives of a backup directory, newest last.';
  static override description =
    'Shows what each archive needs, when it was last verified, and whether it can be recovered. No data are read.';
  static override examples = [
    '<%= config.bin %> list-archives',
    '<%= config.bin %> list-archives "E:\\backup 2" --set',
  ];
  static override exitCodes = [ExitCode.notFound];
  static override args = {
    dir: Args.string({
      name: 'DIR',
      description: "A backup directory. Default: the server's.",
    }),
  };
  static override flags = withEnvironment({
    set: Flags.boolean({ summary: 'Group archives by backup set.' }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(ListArchives);
    const directory =
      args.dir === undefined
        ? openServer(flags).settings.backupDir
        : resolve(args.dir);

    await this.useNetworkDisk(directory, flags);

    const rows: ArchiveRow[] = [];
    for (const state of await inspectDirectory(directory)) {
      rows.push({ state, messages: await countMessages(state.facts) });
    }

    if (rows.length === 0) {
      return {
        json: archivesDocument(directory, rows),
        text: `No archives in ${directory}.`,
      };
    }

    const look = {
      now: systemClock(),
      bySet: flags.set,
      columns: terminalColumns(),
    };

    return {
      json: archivesDocument(directory, rows),
      text: formatArchives(rows, look),
    };
  }
}
