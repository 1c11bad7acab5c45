import { readFileSync, statSync } from 'node:fs';
import { Flags } from '@oclif/core';
import {
  type Assignment,
  parseAssignments,
  setSettings,
} from '../../config/settings-verb.js';
import { messageOf, UsageError } from '../../errors.js';
import { refuseTooLarge } from '../../platform/settings-file.js';
import type { Outcome } from '../../ui/command.js';
import { EditCommand, editFlags } from '../../ui/edit-command.js';
import { withEnvironment } from '../../ui/flags.js';
import { document } from '../../ui/document.js';
import { formatChanged, formatPlan } from '../../ui/present/settings.js';

export default class ConfigSet extends EditCommand {
  static override summary = "Set settings of the server's Backup tab.";
  static override description = `Changes only the lines of mailserver.cfg that it must and keeps the previous content as mailserver.cfg.kms-backup.bak.
The mail server must be stopped: it overwrites the file when it stops. Settings: see config show.`;
  static override examples = [
    '<%= config.bin %> config set keep=3 volume-size=600MB',
    '<%= config.bin %> config set backup-dir="/mnt/server backup" notify=admin@example.com --dry-run',
    '<%= config.bin %> config show --json > settings.json && <%= config.bin %> config set --from settings.json',
  ];
  static override strict = false;
  static override usage =
    'config set KEY=VALUE... [--from FILE] [--dry-run] [--force]';
  static override flags = {
    ...editFlags,
    ...withEnvironment({
      from: Flags.string({
        helpValue: 'FILE',
        summary:
          'Take settings from what config show --json wrote; - is stdin.',
      }),
    }),
  };

  protected async execute(): Promise<Outcome> {
    const { flags, argv } = await this.parse(ConfigSet);
    const given = flags.from === undefined ? [] : readAssignments(flags.from);
    const own = parseAssignments(argv as string[]);

    const assignments = [
      ...given.filter(({ name }) => !own.some((it) => it.name === name)),
      ...own,
    ];

    if (assignments.length === 0) {
      throw new UsageError('nothing to set', {
        hints: [
          'Name settings: config set keep=3.',
          'See config show for all.',
        ],
      });
    }

    const installation = this.installation(flags);

    const report = await setSettings(
      installation,
      assignments,
      this.editOptions('config set', flags),
    );

    this.warnAll(report.warnings);

    const { isChanged, changed, warnings } = report;
    const isDryRun = flags['dry-run'];

    const json = document('config-set', {
      file: installation.configPath,
      isChanged,
      isDryRun,
      changed,
      warnings,
    });

    if (!isChanged) {
      return { json, text: 'Nothing to change.', isSummary: !isDryRun };
    }

    if (isDryRun) {
      return { json, text: `${formatPlan(report)}\nNothing was changed.` };
    }

    return { json, text: formatChanged(report).join('\n'), isSummary: true };
  }
}

/** The settings of a document of `config show --json`. */
function readAssignments(file: string): Assignment[] {
  try {
    if (file !== '-') refuseTooLarge(file, statSync(file));

    const document = JSON.parse(
      readFileSync(file === '-' ? 0 : file, 'utf8'),
    ) as {
      settings?: Record<string, unknown>;
    } | null;

    if (typeof document?.settings !== 'object') {
      throw new Error('it holds no "settings"');
    }

    return parseAssignments(
      Object.entries(document.settings).map(
        ([name, value]) => `${name}=${String(value)}`,
      ),
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;

    throw new UsageError(
      `cannot read settings from ${file}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
