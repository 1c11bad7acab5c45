import { settingsToAsk } from '../../config/asked-settings.js';
import type { Assignment } from '../../config/assignments.js';
import { type SetReport, setSettings } from '../../config/set-settings.js';
import { showSettings } from '../../config/show-settings.js';
import { findEditedServer } from '../../jobs/server.js';
import type {
  EditedServer,
  EditOptions,
} from '../../server/settings-source.js';
import type { Outcome } from '../../ui/command.js';
import { askSettings } from '../../ui/ask-settings.js';
import { EditCommand, editFlags } from '../../ui/edit-command.js';
import type { RestartFlags } from '../../ui/restart-command.js';
import { openPrompts } from '../../ui/prompts.js';
import { document } from '../../ui/document.js';
import { formatPlan } from '../../ui/present/settings.js';

export default class ConfigWizard extends EditCommand {
  static override summary =
    "Ask for the settings of the server's Backup tab, step by step.";
  static override description =
    'Shows the present values, then the lines of mailserver.cfg that would change, and asks before it writes.';
  static override examples = ['<%= config.bin %> config wizard'];
  static override flags = {
    force: editFlags.force,
    'restart-server': editFlags['restart-server'],
  };

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(ConfigWizard);
    const prompts = openPrompts('Use config set KEY=VALUE.');
    const server = findEditedServer(flags);
    const path = server.installation.configPath;

    // Before fourteen questions, not after them.
    server.source.refuseWhileBusy?.();
    if (!flags['restart-server']) {
      await server.source.refuseWhileRunning(flags.force);
    }

    const seen = await server.source.read();
    const { values } = await showSettings(server);
    const assignments = await askSettings(prompts, settingsToAsk(values));
    const options = { ...this.editOptions('config wizard', flags), seen };

    const preview = await setSettings(server, assignments, {
      ...options,
      isDryRun: true,
    });

    if (!preview.isChanged) return unchanged('Nothing to change.');

    process.stderr.write(`${formatPlan(preview)}\n`);

    const isAgreed = await prompts.confirm(`Write this to ${path}?`, false);
    if (!isAgreed) return unchanged('Nothing was changed.');

    const report = await this.#write(server, flags, {
      assignments,
      options,
      preview,
    });
    this.warnAll(report.warnings);

    const { isChanged, changed, warnings } = report;

    return {
      json: document('config-set', {
        isChanged,
        changed,
        warnings,
        ...this.downtime,
      }),
      text: `Wrote ${path}.`,
    };
  }

  /** What nobody changed stays as the server leaves it when it stops, whatever the file said before. */
  async #write(
    server: EditedServer,
    flags: RestartFlags & { force: boolean },
    { assignments, options, preview }: Agreed,
  ): Promise<SetReport> {
    if (!flags['restart-server']) {
      return setSettings(server, assignments, options);
    }

    const names = new Set(preview.changed.map(({ name }) => name));
    const changed = assignments.filter(({ name }) => names.has(name));

    return this.whileStopped(
      server.installation,
      flags,
      () => setSettings(server, changed, { ...options, seen: undefined }),
      server.source.refuseWhileBusy,
    );
  }
}

/** What a person has seen and agreed to. */
interface Agreed {
  readonly assignments: readonly Assignment[];
  readonly options: EditOptions;
  readonly preview: SetReport;
}

function unchanged(text: string): Outcome {
  return { json: document('config-set', { isChanged: false }), text };
}
