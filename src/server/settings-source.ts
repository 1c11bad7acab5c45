/**
 * The place of a mail server's settings. mailserver.cfg is one such place (config/file.ts); the administration of a
 * running server is another (running/settings-source.ts).
 */
import { LockedError } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import type { ConfigChange } from './config/change.js';
import type { ConfigDocument } from './config/document.js';
import type { Installation } from './installation.js';
import type { ServerSettings } from './settings.js';

/** The settings of a source at one moment. */
export interface SeenSettings {
  /** Every value with its place. */
  readonly document: ConfigDocument;
  /** The values, with the documented default for whatever is left out. @throws {ConfigurationError} for an impossible one */
  settings(): ServerSettings;
}

export interface SettingsSource {
  /** The present settings of the source. @throws {ConfigurationError} when it makes no sense */
  read(): SeenSettings | Promise<SeenSettings>;

  /** Says whether the source has a variable of a table; default: every one. */
  readonly tells?: (table: string, variable: string) => boolean;

  /**
   * Says whether changes would last. @returns the warning that they will be lost, where they are made nevertheless
   * @throws {EngineRunningError} where they would be lost and are not forced
   */
  refuseWhileRunning(isForced: boolean): Promise<string[]>;

  /**
   * Refuses where others keep changes from being made, whether the server runs or not; undefined where nobody can. It holds nothing.
   * @throws {LockedError} while another run edits · {FailedError} where a recover was interrupted
   */
  readonly refuseWhileBusy?: () => void;

  /**
   * Makes changes that were planned for what was seen; those that change nothing write nothing.
   * @throws {ChangedMeanwhileError} when the source says something else now; nothing is changed then
   * @throws {ConfigurationError} when what would become of it is impossible
   */
  apply(
    changes: readonly ConfigChange[],
    seen: SeenSettings,
    options: EditOptions,
  ): Promise<EditReport>;
}

export interface EditOptions {
  /** The command in the lock: `config set`. */
  readonly command: string;
  readonly clock: Clock;
  /** Although the engine runs. */
  readonly isForced: boolean;
  /** Says what would change and writes nothing. */
  readonly isDryRun?: boolean;
  /** The text that a person saw and agreed to; undefined: the source's present one. */
  readonly seen?: SeenSettings | undefined;
  readonly signal?: AbortSignal;
}

/** An edit, as done or, for a dry run, as planned. */
export interface EditReport {
  readonly before: SeenSettings;
  readonly after: SeenSettings;
  readonly isChanged: boolean;
  readonly warnings: readonly string[];
}

/** A server whose settings are looked at or edited. */
export interface EditedServer {
  readonly installation: Installation;
  readonly source: SettingsSource;
}

/** Somebody else changed the source between reading and writing. */
export class ChangedMeanwhileError extends LockedError {}

/** As often as others come first, the changes are planned anew for what they left. */
const MOST_ATTEMPTS = 20;

/**
 * Edits a source: `plan` says what to change in what the source says now.
 * @throws as `SettingsSource.apply`
 */
export async function editSettings(
  source: SettingsSource,
  options: EditOptions,
  plan: (seen: SeenSettings) => readonly ConfigChange[],
): Promise<EditReport> {
  for (let attempt = 1; ; attempt++) {
    const seen = options.seen ?? (await source.read());

    try {
      return await source.apply(plan(seen), seen, options);
    } catch (error) {
      const mayRetry = !options.seen && attempt < MOST_ATTEMPTS;
      if (!(error instanceof ChangedMeanwhileError) || !mayRetry) throw error;
    }
  }
}
