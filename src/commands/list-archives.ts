import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { listArchives } from '../jobs/list-archives.js';
import { toArchivesPath } from '../jobs/server.js';
import { locateStorage } from '../jobs/archive-places.js';
import { systemClock } from '../platform/clock.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { identityFlags, withEnvironment } from '../ui/flags.js';
import { documentArchives, formatArchives } from '../ui/present/archives.js';
import { terminalColumns } from '../ui/terminal-text.js';

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
    ...identityFlags,
    set: Flags.boolean({ summary: 'Group archives by backup set.' }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(ListArchives);
    const directory = toArchivesPath(args.dir, flags);

    await this.useNetworkDisk(directory, flags);

    const storage = locateStorage(directory, flags);
    const archives = await listArchives(storage, flags, systemClock);
    const look = {
      now: systemClock(),
      bySet: flags.set,
      columns: terminalColumns(),
    };

    return {
      json: documentArchives(storage.name, archives, look.now),
      text:
        archives.length === 0
          ? `No archives in ${storage.name}.`
          : formatArchives(archives, look),
    };
  }
}
