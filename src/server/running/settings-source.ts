/** The settings of a mail server that runs, as a source beside mailserver.cfg. */
import { ExitCode, KmsError } from '../../errors.js';
import { tellStep } from '../../platform/steps.js';
import type { ConfigChange } from '../config/change.js';
import { applyChanges } from '../config/edit.js';
import { settingsOf } from '../settings.js';
import {
  ChangedMeanwhileError,
  type EditOptions,
  type EditReport,
  type SeenSettings,
  type SettingsSource,
} from '../settings-source.js';
import type { AdminCalls } from './calls.js';
import { toDocument } from './config-text.js';
import { isShared } from './options.js';
import {
  BACKUP_PART,
  LOG_PART,
  type RunningPart,
  type WritePlan,
} from './parts.js';
import { refuseWithoutRights } from './role.js';
import { withState } from './with-state.js';

/** The running server does not say what it was asked to say (exit 1). */
class NotTakenError extends KmsError {
  constructor(differences: readonly string[]) {
    super(
      'API_NOT_TAKEN',
      ExitCode.failed,
      `the running server says something else than it was asked for: ${differences.join('; ')}`,
      {
        hints: [
          "Compare it with the server's own administration, and correct it there: somebody else may have changed something at the same moment.",
        ],
      },
    );
  }
}

/** Options of the server's backup, and its schedule. @param installDir what relative directories count from */
export function runningBackup(
  calls: AdminCalls,
  installDir: string,
): SettingsSource {
  return new RunningSource(calls, BACKUP_PART, installDir);
}

/** The message group Store Backup of the debug log. */
export function runningLog(
  calls: AdminCalls,
  installDir: string,
): SettingsSource {
  return new RunningSource(calls, LOG_PART, installDir);
}

class RunningSource<State> implements SettingsSource {
  readonly tells = isShared;

  constructor(
    private readonly calls: AdminCalls,
    private readonly part: RunningPart<State>,
    private readonly installDir: string,
  ) {}

  async read(): Promise<SeenSettings> {
    return this.#toSeen(await this.part.read(this.calls));
  }

  /** It is the running server that is told. */
  refuseWhileRunning(): Promise<string[]> {
    return Promise.resolve([]);
  }

  async apply(
    changes: readonly ConfigChange[],
    seen: SeenSettings,
    { isDryRun }: EditOptions,
  ): Promise<EditReport> {
    const state = await this.part.read(this.calls);
    const before = this.#toSeen(state);
    if (textOf(before) !== textOf(seen)) throw changedMeanwhile(this.calls);
    if (changes.length === 0) return unchanged(before);

    const plan = this.part.plan(state, changes);
    const planned = this.#edited(before, changes);
    if (textOf(planned) === textOf(before)) return unchanged(before);

    if (isDryRun === true) {
      return { before, after: planned, isChanged: true, warnings: [] };
    }

    await refuseWithoutRights(this.calls);
    const { found, warnings } = await this.#write(plan, textOf(before));

    return { before, after: this.#toSeen(found), isChanged: true, warnings };
  }

  /** @throws {ConfigurationError} for what this program could not read again */
  #edited(
    before: SeenSettings,
    changes: readonly ConfigChange[],
  ): SeenSettings {
    const document = applyChanges(before.document, changes);

    return { document, settings: () => settingsOf(document, this.installDir) };
  }

  /** Tells the server, and believes what it says afterwards alone. */
  async #write(
    { writes, differences }: WritePlan<State>,
    textBefore: string,
  ): Promise<{ readonly found: State; readonly warnings: readonly string[] }> {
    const fault = await this.#tell(writes);

    const found = await this.part.read(this.calls).catch((error: unknown) => {
      throw withState(fault ?? error, 'whether it was done is not known');
    });

    const others = differences(found);
    if (others.length === 0) {
      return { found, warnings: fault ? [lostAnswer(fault)] : [] };
    }

    if (!fault) throw new NotTakenError(others);

    const isAsBefore = textOf(this.#toSeen(found)) === textBefore;

    throw withState(
      fault,
      isAsBefore ? 'nothing was changed' : others.join('; '),
    );
  }

  async #tell(
    writes: WritePlan<State>['writes'],
  ): Promise<KmsError | undefined> {
    try {
      for (const { method, params } of writes) {
        tellStep(`${method} at ${this.calls.name}`);
        await this.calls.tell(method, params);
      }

      return undefined;
    } catch (error) {
      if (error instanceof KmsError) return error;
      throw error;
    }
  }

  #toSeen(state: State): SeenSettings {
    const document = toDocument(this.calls.name, this.part.told(state));

    return { document, settings: () => settingsOf(document, this.installDir) };
  }
}

function textOf({ document }: SeenSettings): string {
  return document.source.text;
}

function unchanged(seen: SeenSettings): EditReport {
  return { before: seen, after: seen, isChanged: false, warnings: [] };
}

function lostAnswer({ message }: KmsError): string {
  return `${message}; the running server says what it was asked to say nevertheless.`;
}

function changedMeanwhile({ name }: AdminCalls): ChangedMeanwhileError {
  return new ChangedMeanwhileError(
    `somebody else changed the settings of ${name} meanwhile; nothing was changed`,
    { hints: ['Look at them and try again.'] },
  );
}
